"""The loop of one rank: epochs of a plan, validation, checkpoints, and the result."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import torch

from services.base.errors import BadConfig, BadShard, Transient
from services.base.process import metrics
from services.base.process.cgroup import granted_cores
from services.base.process.memory import keep_large_blocks
from services.base.store.open import join_uri
from services.base.worker.rank import Rank, RankPlace
from services.training.checkpoint import file as checkpoint_file
from services.training.checkpoint.beginning import begun_from
from services.training.checkpoint.file import contents, decoded, load_weights
from services.training.checkpoint.keep import kept_steps
from services.training.checkpoint.progress import Progress
from services.training.checkpoint.writing import CheckpointWriter
from services.training.device import device_of
from services.training.engine.compiling import compile_network
from services.training.engine.ending import EndRequest
from services.training.engine.epochs import Epochs
from services.training.engine.logs import Rates, TrainingLog
from services.training.engine.precision import Arithmetic
from services.training.engine.ranks import Ranks
from services.training.engine.reading import micro_batch, read_ahead
from services.training.engine.result import Result
from services.training.engine.step import MicroBatch, Stepper, StepResult
from services.training.engine.validation import validated
from services.training.event_files import event_files
from services.training.interfaces import Pieces, Sample, Step
from services.training.pace import Pace
from services.training.spec import OWN_CHECKPOINTS, TrainSettings

# A layer of 8 frames at 328 px takes 210 MB.
_KEPT_BLOCK_BYTES, _KEPT_FREE_BYTES = 512 << 20, 1 << 30


def train(pieces: Pieces, settings: TrainSettings, rank: Rank) -> None:
    """The whole training of one rank, from the newest checkpoint to the result.

    Raises BadConfig NO_GPU, NO_TRAIN_CLIPS, DIVERGED, OUT_OF_MEMORY, DISK_FULL, and as checkpoints do; Transient
    RANK_LOST, and STOPPED on SIGTERM, after a checkpoint; BadShard TOO_MANY_FAILURES, after one too.
    """
    if not len(pieces.train.items):
        why = "; ".join([*pieces.notes, *pieces.warnings]) or "see what was left out, and why"
        raise BadConfig("NO_TRAIN_CLIPS", f"there is nothing to learn from: {why}")
    device = device_of(settings.device, rank.place.local_rank)
    if pieces.of_one_size and device.type == "cpu":
        keep_large_blocks(_KEPT_BLOCK_BYTES, _KEPT_FREE_BYTES)
    torch.set_num_threads(settings.num_threads or _share_of_cores(rank.place))
    with EndRequest() as end:
        ranks = Ranks(rank.place, device, settings.dist_timeout_s)
        training = Training(pieces, settings, rank, ranks, device)
        try:
            training.run(end)
        finally:
            training.close()
            ranks.close()


def _share_of_cores(place: RankPlace) -> int:
    """Of those that its pod may use."""
    return max(1, granted_cores() // (place.local_world_size or place.world_size))


class Training:
    """State of one rank: the model, its optimiser, and how far they are."""

    def __init__(self, pieces: Pieces, settings: TrainSettings, rank: Rank, ranks: Ranks, device: torch.device) -> None:
        """From the newest checkpoint, if there is one. Raises as `train`."""
        self._pieces, self._settings, self._rank, self._ranks, self._device = pieces, settings, rank, ranks, device
        self._facts = {**pieces.facts, "data": pieces.train.digest}
        self._model = pieces.model(settings.seed).to(device)
        self._optimizer = pieces.optimizer(self._model)
        for group in self._optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self._arithmetic = Arithmetic(settings.precision, device)
        self._progress = self._restored()
        self._log = TrainingLog(self._progress, quiet=rank.place.rank > 0)
        self._stepper = Stepper(
            *(self._model, pieces.loss, self._optimizer, self._arithmetic, ranks, device, settings.gradient_clip),
            too_large=self._progress.too_large,
            remedy=pieces.less_memory,
        )
        if settings.compile and not compile_network(self._model, device):
            self._log.say("Nothing is there to compile the network with: it is trained as it is", level=logging.WARNING)
        self._events = None
        if settings.use_tensorboard and rank.place.rank == 0:
            self._events = event_files(settings.tensorboard_dir or join_uri(rank.spec.output_root, "runs"))
        self._epochs = Epochs(pieces, settings)
        # One reader for the whole training: the first batches of an epoch are read while the one before ends.
        self._batches = read_ahead(self._calls(), settings.num_workers)
        self._writer = CheckpointWriter(rank.checkpoint) if rank.place.rank == 0 else None
        self._saved_s, self._saved_step = time.monotonic(), -1
        self._rates, self._pace = Rates(), Pace()

    def _restored(self) -> Progress:
        found = self._rank.restore()
        if found is None:
            settings, load_scaler = self._settings, self._arithmetic.load_state_dict
            if settings.resume in OWN_CHECKPOINTS:
                return Progress()
            known = (self._model, self._optimizer, load_scaler, self._facts)
            return begun_from(settings.resume, settings.num_epochs, *known)
        checkpoint = decoded(found[1])
        checkpoint_file.require_same(checkpoint.facts, self._facts)
        load_weights(self._model, checkpoint.model)
        self._optimizer.load_state_dict(dict(checkpoint.optimizer))
        self._arithmetic.load_state_dict(dict(checkpoint.scaler))
        return checkpoint.progress

    def run(self, end: EndRequest) -> None:
        """Until all epochs are done; then the result."""
        progress, settings = self._progress, self._settings
        if progress.step == 0:
            self._introduce()
        else:
            self._log.say(f"Goes on at step {progress.step}, {progress.epochs_done} epochs done")
            if settings.resume not in OWN_CHECKPOINTS:
                # Whoever names a file may take it for what the training goes on from.
                self._log.say(
                    f"That is this training's own checkpoint, and {settings.resume} is not read: to begin from it, "
                    "name another --checkpoint-dir",
                    level=logging.WARNING,
                )
        while progress.epochs_done < settings.num_epochs and not self._is_over():
            self._epoch(end)
        if self._writer is not None:
            self._writer.wait()
        # Which checkpoints there are is the same for all ranks from here on.
        self._ranks.sums({"done": 1.0})
        result = Result(self._model, self._pieces, settings, self._rank, self._ranks, self._arithmetic)
        try:
            result.publish(progress, self._log)
        except Transient as error:
            # To learn the epoch again would end likewise.
            if self._writer is None or not isinstance(self._writer.failure, BadConfig):
                raise
            raise self._writer.failure from error

    def close(self) -> None:
        self._batches.close()
        self._epochs.close()
        if self._writer is not None:
            self._writer.close()

    def _introduce(self) -> None:
        pieces, say = self._pieces, self._log.say
        say(f"Train samples: {len(pieces.train.items)}")
        say(f"Val samples: {pieces.num_val}")
        if pieces.vocabulary_size:
            say(f"Vocabulary size: {pieces.vocabulary_size}")
        say(f"Total parameters: {sum(p.numel() for p in self._model.parameters()):,}")
        for note in pieces.notes:
            self._log.note(note)
        for warning in pieces.warnings:
            say(warning, level=logging.WARNING)
        num_micro_batches, num_ranks = self._settings.accumulation_steps, self._ranks.world_size
        if num_micro_batches < num_ranks:
            say(
                f"{num_ranks} ranks share out steps of {num_micro_batches} micro-batches, so that some only wait: give "
                f"--accumulation-steps {num_ranks}",
                level=logging.WARNING,
            )

    def _is_over(self) -> bool:
        patience = self._settings.patience
        return bool(patience) and self._progress.epochs_since_best() >= patience

    def _epoch(self, end: EndRequest) -> None:
        progress, settings = self._progress, self._settings
        epoch, first = progress.epochs_done, progress.steps_done
        plan = self._epochs.at(epoch).plan
        for i in range(first, len(plan)):
            share = (epoch + i / len(plan)) / settings.num_epochs
            self._set_rate(self._pieces.learning_rate(share, progress.val_losses))
            began_s = time.monotonic()
            micro_batches = [next(self._batches) for _ in self._own(plan[i])]
            self._count(sum(len(batch.indices) for batch in micro_batches), time.monotonic() - began_s)
            result = self._stepper.take(micro_batches, stop=end.is_asked)
            if result.num_left_out:
                self._note_left_out(micro_batches)
            self._pace.add(sum(len(indices) for indices in plan[i].micro_batches))
            done = (epoch + (i + 1) / len(plan)) / settings.num_epochs
            self._log.announce(self._pace.line(progress.step + 1, done, result.loss))
            self._after_step(result, is_last=i + 1 == len(plan))
        self._end_epoch(epoch)

    def _count(self, num_items: int, waited_s: float) -> None:
        self._rates.add(num_items, waited_s)
        metrics.TRAINING_ITEMS.inc(num_items)
        metrics.TRAINING_WAIT_SECONDS.inc(waited_s)

    def _own(self, step: Step) -> range:
        """Of its micro-batches, the places of those that are this rank's."""
        return range(self._ranks.rank, len(step.micro_batches), self._ranks.world_size)

    def _calls(self) -> Iterator[Callable[[], MicroBatch]]:
        """What reads each micro-batch of this rank, from where the training is to its end."""
        settings, step, first = self._settings, self._progress.step, self._progress.steps_done
        for number in range(self._progress.epochs_done, settings.num_epochs):
            data, plan = self._epochs.at(number)
            for taken in plan[first:]:
                for k in self._own(taken):
                    indices = taken.micro_batches[k]
                    yield partial(micro_batch, data, indices, f"{settings.seed}/{number}", (settings.seed, step, k))
                step += 1
            first = 0

    def _note_left_out(self, micro_batches: Sequence[MicroBatch]) -> None:
        """Of a step in which some rank could not read an item: all ranks note the same."""
        told = [f"{key} is left out: {why}" for batch in micro_batches for key, why in batch.left_out.items()]
        keys = [key for batch in micro_batches for key in batch.left_out]
        known = set(self._progress.left_out)
        for key, line in zip(self._ranks.texts(keys), self._ranks.texts(told), strict=True):
            if key not in known:
                known.add(key)
                self._progress.left_out.append(key)
                self._log.say(line, level=logging.WARNING)

    def _set_rate(self, factor: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor

    def _after_step(self, result: StepResult, *, is_last: bool) -> None:
        """Raises BadConfig DIVERGED, Transient STOPPED, BadShard TOO_MANY_FAILURES."""
        progress, settings = self._progress, self._settings
        progress.step += 1
        progress.steps_done += 1
        progress.bad_steps = progress.bad_steps + 1 if result.is_bad else 0
        progress.num_skipped += result.is_bad
        if result.too_large != progress.too_large:
            progress.too_large = result.too_large
            self._log.note(f"micro-batches of {result.too_large} frames and more are learnt from in halves")
        if result.is_taken:
            progress.loss_total += result.loss_total
            progress.loss_count += result.count
        metrics.TRAINING_STEP.set(progress.step)
        metrics.TRAINING_SCORE.labels("loss").set(result.loss)
        if progress.step % settings.log_every == 0 or result.is_bad:
            self._log.measure(
                step=progress.step,
                loss=result.loss,
                gradient_norm=result.norm,
                learning_rate=self._optimizer.param_groups[0]["lr"],
                skipped=progress.num_skipped,
                **self._rates.take(),
            )
        if progress.bad_steps >= settings.max_bad_steps:
            raise BadConfig(
                "DIVERGED",
                f"the loss or its gradient was not finite in {progress.bad_steps} steps in a row, up to step "
                f"{progress.step}: lower --learning-rate, take --precision bf16 or fp32, or look at the data",
            )
        num_left_out = len(progress.left_out)
        if result.stop or num_left_out > settings.max_bad_records:
            self._save()
            if self._writer is not None:
                self._writer.wait()
            if num_left_out > settings.max_bad_records:
                raise BadShard(
                    "TOO_MANY_FAILURES",
                    f"{num_left_out} clips cannot be read, over --max-bad-records {settings.max_bad_records}, the last "
                    f"{progress.left_out[-1]}: restore their files, or raise it and resume from step {progress.step}",
                )
            raise Transient("STOPPED", f"asked to end: goes on from step {progress.step}")
        if self._writer is not None and self._writer.is_idle:
            # Also where somebody else has begun a newer generation.
            self._writer.wait()
            # The end of an epoch has one of its own.
            if not is_last and time.monotonic() - self._saved_s > settings.save_every_s:
                self._save()

    def _end_epoch(self, epoch: int) -> None:
        progress = self._progress
        loss = progress.loss_total / progress.loss_count if progress.loss_count else math.nan
        self._log.scores(epoch, {"train_loss": loss})
        scores = {"loss": loss}
        if self._pieces.validate is not None:
            scores = validated(self._model, self._pieces, self._ranks, self._arithmetic)
            self._log.scores(epoch, _validation(scores))
        progress.epochs_done, progress.steps_done = epoch + 1, 0
        progress.loss_total = progress.loss_count = 0.0
        progress.epoch_steps.append(progress.step)
        for name, value in _validation(scores).items():
            metrics.TRAINING_SCORE.labels(name).set(value)
        progress.note_validation(scores["loss"], scores[self._pieces.best_by])
        rate = self._optimizer.param_groups[0]["lr"]
        self._log.measure(
            epoch=epoch + 1, step=progress.step, train_loss=loss, learning_rate=rate, **_validation(scores)
        )
        self._show(epoch + 1)
        self._save()

    def _show(self, epoch: int) -> None:
        """To TensorBoard, of rank 0. A training does not end because its pictures cannot be written."""
        if self._events is None:
            return
        settings, samples = self._settings, self._pieces.samples
        found: Sequence[Sample] = ()
        if samples is not None and settings.log_text_samples:
            self._model.eval()
            with torch.inference_mode(), self._arithmetic.autocast():
                found = samples(self._model, settings.log_text_samples)
        if not settings.log_images:
            found = [replace(sample, frames_THWC=None) for sample in found]
        try:
            self._events.write(epoch, self._log.epoch_metrics(), found)
        except (Transient, OSError) as error:
            self._log.say(f"TensorBoard is not shown epoch {epoch}: {error}", level=logging.WARNING)

    def _save(self) -> None:
        """Of rank 0: a copy is taken here, and written beside the training."""
        progress = self._progress
        if self._writer is not None and progress.step != self._saved_step:
            facts = {**self._facts, **self._pieces.carried}
            state = contents(self._model, self._optimizer, self._arithmetic.state_dict(), progress, facts)
            after = partial(self._committed, self._log.metrics(), tuple(progress.epoch_steps), progress.best_step)
            self._writer.begin(progress.step, state, after)
            self._saved_s, self._saved_step = time.monotonic(), progress.step

    def _committed(self, measured: bytes, epoch_steps: Sequence[int], best_step: int) -> None:
        """In the writer's thread, after a commit, as the training was then."""
        settings = self._settings
        self._rank.measured(measured)
        keep = kept_steps(
            *(self._rank.checkpoint_steps(), epoch_steps, best_step),
            save_every=settings.save_every,
            keep_last_n=settings.keep_last_n,
            average_last_n=settings.average_last_n,
        )
        self._rank.keep_checkpoints(keep)


def _validation(scores: Mapping[str, float]) -> dict[str, float]:
    return {f"val_{name}": value for name, value in scores.items()}
