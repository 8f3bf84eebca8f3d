"""I/O: what a training leaves: the best and the averaged weights, the checkpoints of saved epochs, logs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import torch

from services.base.errors import Transient
from services.base.worker.rank import Rank
from services.training.checkpoint.average import average
from services.training.checkpoint.file import decoded, load_weights, weights_file
from services.training.checkpoint.keep import saved_epochs
from services.training.checkpoint.progress import Progress
from services.training.engine.logs import TrainingLog
from services.training.engine.precision import Arithmetic
from services.training.engine.ranks import Ranks
from services.training.engine.validation import validated
from services.training.interfaces import Pieces
from services.training.spec import TrainSettings

BEST, BEST_WEIGHTS, AVERAGED_WEIGHTS = "best_model.pt", "model.safetensors", "averaged.safetensors"


class Result:
    """Of a training whose epochs are done. Every rank makes it; rank 0 writes."""

    def __init__(
        self,
        model: torch.nn.Module,
        pieces: Pieces,
        settings: TrainSettings,
        rank: Rank,
        ranks: Ranks,
        arithmetic: Arithmetic,
    ) -> None:
        self._model, self._pieces, self._settings = model, pieces, settings
        self._rank, self._ranks, self._arithmetic = rank, ranks, arithmetic

    def publish(self, progress: Progress, log: TrainingLog) -> None:
        """Raises Transient NO_CHECKPOINT where the best is not in the store, as after its disk was full."""
        averaged = self._averaged(progress, log)
        if self._rank.place.rank:
            return
        best = self._rank.read_checkpoint(progress.best_step)
        if best is None:
            raise Transient(
                "NO_CHECKPOINT",
                f"the best checkpoint, of step {progress.best_step}, is not in the store: resume, and its epoch is "
                "learnt again",
            )
        facts = {**self._pieces.facts, **self._pieces.carried}
        best_facts = {**facts, "step": str(progress.best_step)}
        files: dict[str, bytes] = {BEST: best, BEST_WEIGHTS: weights_file(decoded(best).model, best_facts)}
        if averaged:
            files[AVERAGED_WEIGHTS] = weights_file(averaged, facts)
        for epoch in saved_epochs(progress.epochs_done, self._settings.save_every, self._settings.keep_last_n):
            data = self._rank.read_checkpoint(progress.epoch_steps[epoch - 1])
            if data is not None:
                files[f"checkpoint_epoch_{epoch}.pt"] = data
        files |= {**self._pieces.files, "logs/training.log": log.text(), "metrics.jsonl": log.metrics()}
        for name, data in itertools.chain(files.items(), self._own_files(progress)):
            with self._rank.output(name) as output:
                output.write(data)
                output.commit()
        self._rank.finish(progress.step)

    def _own_files(self, progress: Progress) -> Iterator[tuple[str, bytes]]:
        if self._pieces.own_files is not None:
            yield from self._pieces.own_files(self._checkpoints(progress), progress, self._model)

    def _checkpoints(self, progress: Progress) -> Iterator[tuple[int, bytes]]:
        """Of the saved epochs, the best and the last."""
        settings, num_done = self._settings, progress.epochs_done
        epochs = {*saved_epochs(num_done, settings.save_every, settings.keep_last_n), num_done}
        if progress.best_step in progress.epoch_steps:
            epochs.add(progress.epoch_steps.index(progress.best_step) + 1)
        for epoch in sorted(epochs):
            data = self._rank.read_checkpoint(progress.epoch_steps[epoch - 1])
            if data is not None:
                yield epoch, data

    def _averaged(self, progress: Progress, log: TrainingLog) -> Mapping[str, torch.Tensor]:
        """Of the last epochs; none where there are fewer than two. The model then has these weights."""
        num_epochs = self._settings.average_last_n
        steps = progress.epoch_steps[-num_epochs:] if num_epochs > 1 else []
        found = [data for data in map(self._rank.read_checkpoint, steps) if data is not None]
        if len(found) < 2:
            return {}
        averaged = average(decoded(data).model for data in found)
        if self._pieces.validate is not None:
            load_weights(self._model, averaged)
            scores = validated(self._model, self._pieces, self._ranks, self._arithmetic)
            named = ", ".join(f"val_{name}={value:.4f}" for name, value in scores.items())
            log.say(f"Average of {len(found)} epochs: {named}")
        return averaged
