"""The pieces of a training of grid-ctc, each exchanged in one line by `dataclasses.replace`."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from services.base.errors import BadShard
from services.lips.decoding.greedy import greedy
from services.training.data.clips import GridClips
from services.training.data.grid import GridData
from services.training.engine.reading import micro_batch
from services.training.interfaces import Batch, LossSum, Pieces, Sample, TrainingData
from services.training.lipreading.alphabet import Alphabet, steps_needed
from services.training.lipreading.ctc import ctc_loss_sum
from services.training.lipreading.networks import full, tiny
from services.training.lipreading.preparation.draws import AS_IT_IS, Augmentation, draw_clip
from services.training.lipreading.preparation.pictures import Crop, prepare
from services.training.lipreading.scores.counts import Counts, character_counts, total
from services.training.lipreading.windows import stretches
from services.training.recipes.grid_ctc.spec import STEPS_PER_FRAME, GridCtcConfig
from services.training.schedule import cosine
from services.training.written_settings import CONFIG_FILE, config_file

LOG = logging.getLogger(__name__)

# Each is in every checkpoint.
_MOST_NAMED = 50
_BETAS, _EPSILON = (0.9, 0.98), 1e-9
# Of pictures as records have them, 100x50: a margin of 2 px to the left and right, 1 px above and below.
_TINY_CROP = Crop(48, 96, tiny.HEIGHT_PX, tiny.WIDTH_PX, (1, 2))
_FULL_CROP = Crop(full.HEIGHT_PX, full.WIDTH_PX, full.HEIGHT_PX, full.WIDTH_PX, (2, 4))
TOKENIZER_FILE = "tokenizer.json"


def grid_ctc(config: GridCtcConfig, data: GridData) -> Pieces:
    """What the settings make of the data set."""
    alphabet = data.alphabet
    reader = Lipreader(config, alphabet)
    return Pieces(
        train=WithDraws(data.train, config.augmentation),
        budget_cost=config.batch_frames,
        model=reader.network,
        loss=lambda model, batch, _: reader.loss(model, batch),
        optimizer=lambda model: torch.optim.AdamW(
            model.parameters(), config.peak_learning_rate, _BETAS, _EPSILON, config.weight_decay
        ),
        learning_rate=lambda share, _: cosine(share, config.warm_up_share),
        train_at=lambda seed, epoch, share: _epoch(config, data.train, seed, epoch, share),
        validate=(lambda model, part, num_parts: _validated(reader, data.val, model, part, num_parts))
        if data.val.items
        else None,
        scores=lambda sums: _scores(sums, config.max_bad_records),
        # Of no clips the error is 0 from the first epoch on.
        samples=lambda model, number: _samples(reader, data.val, model, number),
        best_by="cer" if data.val.items else "loss",
        num_val=len(data.val.items),
        vocabulary_size=alphabet.num_classes,
        notes=_notes(data),
        files={TOKENIZER_FILE: alphabet_file(alphabet), CONFIG_FILE: config_file(config)},
        facts={
            "recipe": "grid-ctc",
            "vocabulary": alphabet.characters,
            "size": config.size,
            "encoder": config.encoder,
            # What was set apart for validation follows from these.
            "val_share": str(config.val_share),
            "seed": str(config.seed),
        },
    )


def _notes(data: GridData) -> tuple[str, ...]:
    """What there is to hear of the data, and the first clips that are left out of it."""
    told = [f"{one.key} is left out: {one.reason} ({one.message})" for one in data.left_out[:_MOST_NAMED]]
    return (*told, *data.notes)


class WithDraws:
    """Data whose batches also say what was drawn for each clip: draws, a list of `ClipDraw`."""

    def __init__(self, data: TrainingData, augmentation: Augmentation) -> None:
        self._data, self._augmentation = data, augmentation
        self.items, self.digest = data.items, data.digest

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        """As the data give it, and draws. Raises as these do."""
        batch = dict(self._data.read(indices, seed_name))
        batch["draws"] = [
            # Windows of one clip are told apart by their words.
            draw_clip(
                self._augmentation, f"{seed_name}/{key}/{text}", length, -(-steps_needed(text) // STEPS_PER_FRAME)
            )
            for key, text, length in zip(batch["keys"], batch["texts"], batch["lengths_B"].tolist(), strict=True)
        ]
        return batch


class Lipreader:
    """A network of the settings, and how it is applied to a batch. It holds no weights."""

    def __init__(self, config: GridCtcConfig, alphabet: Alphabet) -> None:
        self._config, self.alphabet, self.budget_frames = config, alphabet, config.batch_frames
        self.crop = _TINY_CROP if config.size == "tiny" else _FULL_CROP

    def network(self, seed: int) -> nn.Module:
        """With random weights, which follow from the seed."""
        config, num_classes = self._config, self.alphabet.num_classes
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if config.size == "tiny":
                return tiny.TinyLipreader(num_classes, config.dropout)
            return full.FullLipreader(num_classes, config.encoder, config.dropout)

    def loss(self, model: nn.Module, batch: Batch) -> LossSum:
        """batch: frames, lengths and labels as GridClips has them; with draws, or it is taken as it is."""
        logits_BSK, steps_B = self._logits(model, batch)
        return ctc_loss_sum(logits_BSK, steps_B, batch["labels_BL"], batch["label_lengths_B"], self.alphabet.blank)

    def log_probs(self, model: nn.Module, batch: Batch) -> tuple[LossSum, list[torch.Tensor]]:
        """The loss, and of each clip float32 [S, K] on the CPU: ln of the probabilities of K classes at its S steps."""
        logits_BSK, steps_B = self._logits(model, batch)
        loss = ctc_loss_sum(logits_BSK, steps_B, batch["labels_BL"], batch["label_lengths_B"], self.alphabet.blank)
        return loss, _log_probs_of_clips(logits_BSK, steps_B)

    def read(self, model: nn.Module, batch: Batch) -> list[torch.Tensor]:
        """As `log_probs` gives it, of a batch without labels."""
        return _log_probs_of_clips(*self._logits(model, batch))

    def _logits(self, model: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        lengths_B = batch["lengths_B"].cpu()
        draws = batch.get("draws") or [draw_clip(AS_IT_IS, "", length) for length in lengths_B.tolist()]
        found: tuple[torch.Tensor, torch.Tensor] = model(*prepare(batch["frames_BTHWC"], lengths_B, draws, self.crop))
        return found


def _log_probs_of_clips(logits_BSK: torch.Tensor, steps_B: torch.Tensor) -> list[torch.Tensor]:
    log_probs_BSK = logits_BSK.float().log_softmax(-1).cpu()
    return [one[:steps] for one, steps in zip(log_probs_BSK, steps_B.tolist(), strict=True)]


def _epoch(config: GridCtcConfig, clips: GridClips, seed: int, epoch: int, share: float) -> TrainingData:
    """Stretches of the clips before whole ones, as the curriculum has them."""
    curriculum = config.curriculum
    words = [(item.cost, clips.words_of(i)) for i, item in enumerate(clips.items)]
    cut = stretches(words, curriculum.whole_share(share), curriculum.max_words, f"{seed}/{epoch}")
    return WithDraws(clips.cut(cut), config.augmentation)


def batches_of(clips: GridClips, budget_frames: int, part: int = 0, num_parts: int = 1) -> list[list[int]]:
    """Indices of every num_parts-th clip from that of `part` on, in batches of at most so many frames with padding."""
    batches: list[list[int]] = []
    longest = 0
    for index in sorted(range(part, len(clips.items), num_parts), key=lambda i: (clips.items[i].cost, i)):
        longest = clips.items[index].cost
        if batches and longest * (len(batches[-1]) + 1) <= budget_frames:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def _validated(reader: Lipreader, clips: GridClips, model: nn.Module, part: int, num_parts: int) -> Mapping[str, float]:
    device = next(model.parameters()).device
    loss_total, loss_count, num_left_out, counts = 0.0, 0, 0, Counts()
    for indices in batches_of(clips, reader.budget_frames, part, num_parts):
        found = micro_batch(clips, indices, "", ())
        num_left_out += len(found.left_out)
        for key, why in found.left_out.items():
            LOG.warning("%s is left out of validation: %s", key, why)
        if not found.indices:
            continue
        batch = on_device(found.batch, device)
        loss, log_probs = reader.log_probs(model, batch)
        loss_total, loss_count = loss_total + loss.total.item(), loss_count + loss.count
        read = [reader.alphabet.decode(greedy(one.numpy(), reader.alphabet.blank)) for one in log_probs]
        counts += total([character_counts(*pair) for pair in zip(batch["texts"], read, strict=True)])
    return {
        "loss_total": loss_total,
        "loss_count": loss_count,
        "errors": counts.errors,
        "characters": counts.reference_units,
        "left_out": num_left_out,
    }


def _samples(reader: Lipreader, clips: GridClips, model: nn.Module, number: int) -> list[Sample]:
    """Of clips at even distances, and so of several speakers; without those that cannot be read."""
    if not clips.items:
        return []
    found = micro_batch(clips, range(len(clips.items))[:: -(-len(clips.items) // number)], "", ())
    if not found.indices:
        return []
    _, log_probs = reader.log_probs(model, on_device(found.batch, next(model.parameters()).device))
    batch = found.batch
    return [
        Sample(
            batch["keys"][b],
            batch["texts"][b],
            reader.alphabet.decode(greedy(one.numpy(), reader.alphabet.blank)),
            batch["frames_BTHWC"][b, : int(batch["lengths_B"][b])].numpy(),
        )
        for b, one in enumerate(log_probs)
    ]


def _scores(sums: Mapping[str, float], max_bad_records: int) -> Mapping[str, float]:
    """Raises BadShard TOO_MANY_FAILURES."""
    if sums["left_out"] > max_bad_records:
        raise BadShard(
            "TOO_MANY_FAILURES",
            f"{sums['left_out']:.0f} clips of the validation cannot be read, over --max-bad-records {max_bad_records}: "
            "restore their files, or raise it and resume",
        )
    return {
        "loss": sums["loss_total"] / max(1.0, sums["loss_count"]),
        "cer": sums["errors"] / max(1.0, sums["characters"]),
    }


def on_device(batch: Batch, device: torch.device) -> Batch:
    """Its tensors there."""
    return {name: one.to(device) if isinstance(one, torch.Tensor) else one for name, one in batch.items()}


def alphabet_file(alphabet: Alphabet) -> bytes:
    """tokenizer.json: which class stands for which character, with the CTC blank as `<blank>`."""
    ids = {character: i for i, character in enumerate(alphabet.characters)} | {"<blank>": alphabet.blank}
    fields = {"char2idx": ids, "idx2char": {str(i): one for one, i in ids.items()}, "vocab_size": len(ids)}
    return json.dumps(fields, indent=2, ensure_ascii=False).encode()
