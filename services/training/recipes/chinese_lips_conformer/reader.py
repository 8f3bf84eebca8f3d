"""The network of the recipe, and how it is applied to a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from services.base.errors import BadConfig
from services.base.media.arrays import Float64Array, Int64Array
from services.lips.bundle import MARKS
from services.lips.decoding.greedy import greedy
from services.lips.decoding.prefix_beam import prefix_beam
from services.lips.decoding.rescoring import decoder_ids, rescored
from services.lips.language_model.fusion import Fusion
from services.training.interfaces import Batch, LossSum
from services.training.lipreading.cross_entropy import cross_entropy_sum
from services.training.lipreading.ctc import ctc_loss_sum, log_probs_of_clips
from services.training.lipreading.networks.conformer_lipreader import BASE, SMALL, ConformerLipreader
from services.training.lipreading.pinyin import Syllables, syllables_of
from services.training.lipreading.preparation.draws import AS_IT_IS, draw_clip
from services.training.lipreading.preparation.pictures import Crop, prepare
from services.training.lipreading.scores.counts import Counts, total, word_counts
from services.training.lipreading.tokenizer import EOS, PAD, SOS, UNK, Tokenizer
from services.training.recipes.chinese_lips_conformer.spec import (
    NUM_BLOCKS,
    ConformerConfig,
    NetworkConfig,
    with_syllables,
)

_SHAPES = {"base": BASE, "small": SMALL}
_LABEL_PAD = -1
# Of a network that is tested, where it decides nothing.
_USUAL_PINYIN_WEIGHT = 0.3
PINYIN_FILE = "pinyin.json"
PINYIN_LOSS, PINYIN_COUNT, PINYIN_ERRORS, PINYIN_UNITS = "pinyin_total", "pinyin_count", "pinyin_errors", "pinyin_units"
_MARGIN_OF_SIDE = 24


class ConformerReader:
    """Networks of the settings, and what they make of batches. It holds no weights.

    Classes of CTC are the tokenizer's characters, and the blank behind them.
    """

    def __init__(self, config: ConformerConfig, tokenizer: Tokenizer, fusion: Fusion | None = None) -> None:
        """fusion: of a language model, for the beam."""
        self._config, self.tokenizer, self._fusion = config, tokenizer, fusion
        self.blank = len(tokenizer.characters)
        self.syllables = _syllables(config)
        self.crop = crop_of(config)

    @property
    def part_names(self) -> tuple[str, ...]:
        """Parts of the loss that `texts` gives."""
        return (PINYIN_LOSS, PINYIN_COUNT, PINYIN_ERRORS, PINYIN_UNITS) if self.syllables else ()

    @property
    def files(self) -> Mapping[str, bytes]:
        """Name -> bytes of what is published of the syllables."""
        return {PINYIN_FILE: self.syllables.file} if self.syllables else {}

    def network(self, seed: int) -> ConformerLipreader:
        """With random weights, which follow from the seed."""
        config = self._config
        vocabulary_size = self.tokenizer.vocabulary_size if config.ctc_weight < 1 else 0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return ConformerLipreader(
                self.blank + 1,
                vocabulary_size,
                _SHAPES[config.size],
                config.dropout,
                pinyin_classes=len(self.syllables.names) + 1 if self.syllables else 0,
                pinyin_block=config.pinyin_block or NUM_BLOCKS[config.size],
            )

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> LossSum:
        """batch: as LipsClips gives it; with draws, or it is taken as it is."""
        del generator
        return self._loss(model, batch)[0]

    def texts(self, model: nn.Module, batch: Batch) -> tuple[LossSum, list[str]]:
        """The loss, with the parts of `part_names`, and what CTC reads in each clip by the likeliest class at each
        step.
        """
        loss, logits_BTK, steps_B, pinyin_BTP = self._loss(model, batch)
        found = log_probs_of_clips(logits_BTK, steps_B)
        if pinyin_BTP is not None:
            counts = total(self._syllable_counts(pinyin_BTP, steps_B, batch["texts"]))
            errors = {PINYIN_ERRORS: float(counts.errors), PINYIN_UNITS: float(counts.reference_units)}
            loss = LossSum(loss.total, loss.count, {**loss.parts, **errors})
        return loss, [self._text(greedy(one.numpy(), self.blank)) for one in found]

    def read(self, model: nn.Module, batch: Batch) -> list[str]:
        """The best of CTC's prefixes, by their score and that of the decoder; of the batch, the frames and their
        lengths alone are looked at.
        """
        return [text for text, _ in self.read_scored(model, batch)]

    def read_scored(self, model: nn.Module, batch: Batch) -> list[tuple[str, float]]:
        """As `read`, with the score that each text was chosen by."""
        assert isinstance(model, ConformerLipreader)
        config = self._config
        frames_BTHW, lengths_B = self._pictures(batch)
        memory_BTC = model.encoded(frames_BTHW, lengths_B)
        found = []
        for b, log_probs_SK in enumerate(log_probs_of_clips(model.ctc(memory_BTC), lengths_B)):
            if config.beam_width == 1:
                ids, score = greedy(log_probs_SK.numpy(), self.blank), float(log_probs_SK.amax(1).sum())
                found.append((self._text(ids), score))
                continue
            prefixes = prefix_beam(log_probs_SK.numpy(), self.blank, config.beam_width, fusion=self._fusion)
            best, score = prefixes[0], prefixes[0].score
            if model.decoder is not None and config.rescoring:
                ids_NL = decoder_ids(prefixes)
                best, score = rescored(
                    prefixes, self._scores(model, memory_BTC[b, : int(lengths_B[b])], ids_NL), config.rescoring
                )
            found.append((self._text(best.ids), score))
        return found

    def log_probs_of(self, model: nn.Module, batch: Batch) -> list[Tensor]:
        """Of each clip float32 [S, K] on the CPU: ln of the probabilities of CTC's K classes at its S steps."""
        logits_BTK, steps_B = model(*self._pictures(batch))[:2]
        return log_probs_of_clips(logits_BTK, steps_B)

    def look(self, model: nn.Module, batch: Batch, text: str) -> tuple[npt.NDArray[np.float32], list[str]]:
        """What CTC thinks of each frame of the one clip, of the characters that were read and the blank."""
        (log_probs_SK,) = self.log_probs_of(model, batch)
        characters = sorted(set(text) & set(self.tokenizer.characters))
        classes = [self.tokenizer.characters.index(one) for one in characters]
        return log_probs_SK.exp().numpy()[:, [*classes, self.blank]], [*characters, "_"]

    def facts(self) -> Mapping[str, str]:
        """What a checkpoint must have in common with the network that it is restored into."""
        config = self._config
        pinyin = {}
        if self.syllables:
            pinyin = {"pinyin": " ".join(self.syllables.names), "pinyin_tones": str(self.syllables.tones)}
            pinyin["pinyin_block"] = str(config.pinyin_block or NUM_BLOCKS[config.size])
        return {
            **pinyin,
            "vocabulary": self.tokenizer.characters,
            "size": config.size,
            "has_decoder": str(config.ctc_weight < 1),
            "frame_height": str(config.frame_height),
            "frame_width": str(config.frame_width),
        }

    def _loss(self, model: nn.Module, batch: Batch) -> tuple[LossSum, Tensor, Tensor, Tensor | None]:
        device = batch["frames_BTHWC"].device
        ids = [torch.tensor(self.tokenizer.encode(text, self._config.max_text_length)) for text in batch["texts"]]
        ids_BL = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=PAD).to(device)
        logits_BTK, steps_B, logits_BLV, pinyin_BTP = model(*self._pictures(batch), ids_BL[:, :-1])
        labels = [one[(one > UNK)] - len(MARKS) for one in ids]
        labels_BL = nn.utils.rnn.pad_sequence(labels, batch_first=True, padding_value=_LABEL_PAD)
        ctc = ctc_loss_sum(logits_BTK, steps_B, labels_BL, torch.tensor([len(one) for one in labels]), self.blank)
        loss = ctc if logits_BLV is None else self._joint(ctc, logits_BLV, ids_BL)
        if pinyin_BTP is not None:
            loss = self._with_pinyin(loss, pinyin_BTP, steps_B, batch["texts"])
        return loss, logits_BTK, steps_B, pinyin_BTP

    def _joint(self, ctc: LossSum, logits_BLV: Tensor, ids_BL: Tensor) -> LossSum:
        smoothing, weight = self._config.label_smoothing, self._config.ctc_weight
        attention = cross_entropy_sum(logits_BLV, ids_BL[:, 1:], smoothing=smoothing, pad=PAD)
        # Both sums are over the characters of the texts, the decoder's also over their ends.
        return LossSum(weight * ctc.total + (1 - weight) * attention.total, attention.count)

    def _with_pinyin(self, loss: LossSum, pinyin_BTP: Tensor, steps_B: Tensor, texts: Sequence[str]) -> LossSum:
        """The loss and that of the syllables, whose sum is over these: about as many as characters."""
        assert self.syllables is not None
        ids = [torch.tensor(self.syllables.encode(self._learnt(text)), dtype=torch.int64) for text in texts]
        ids_BL = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=_LABEL_PAD)
        lengths_B = torch.tensor([len(one) for one in ids])
        found = ctc_loss_sum(pinyin_BTP, steps_B, ids_BL, lengths_B, len(self.syllables.names))
        parts = {PINYIN_LOSS: float(found.total.detach()), PINYIN_COUNT: float(found.count)}
        return LossSum(loss.total + self._config.pinyin_weight * found.total, loss.count, parts)

    def _learnt(self, text: str) -> str:
        """As much of it as the decoder learns, too."""
        return text[: self._config.max_text_length - len((SOS, EOS))]

    def syllable_counts(self, model: nn.Module, batch: Batch) -> Mapping[str, list[Counts]]:
        """PER: of each clip, what separates the syllables of its text from those that are read by the likeliest class
        at each step; nothing where the network reads none.
        """
        _, steps_B, _, pinyin_BTP = model(*self._pictures(batch))
        return {} if pinyin_BTP is None else {"PER": self._syllable_counts(pinyin_BTP, steps_B, batch["texts"])}

    def _syllable_counts(self, pinyin_BTP: Tensor, steps_B: Tensor, texts: Sequence[str]) -> list[Counts]:
        assert self.syllables is not None
        found = log_probs_of_clips(pinyin_BTP, steps_B)
        blank, tones = len(self.syllables.names), self.syllables.tones
        return [
            word_counts(
                " ".join(syllables_of(text, tones)), " ".join(self.syllables.decode(greedy(one.numpy(), blank)))
            )
            for text, one in zip(texts, found, strict=True)
        ]

    def _pictures(self, batch: Batch) -> tuple[Tensor, Tensor]:
        lengths_B = batch["lengths_B"].cpu()
        draws = batch.get("draws") or [draw_clip(AS_IT_IS, "", length) for length in lengths_B.tolist()]
        return prepare(batch["frames_BTHWC"], lengths_B, draws, self.crop)

    def decoder_scores(self, model: ConformerLipreader, batch: Batch, ids_BNL: Int64Array) -> Float64Array:
        """float64 [B, N]: ln of the probability of N texts of each clip, as `decoder_ids` has them."""
        frames_BTHW, lengths_B = self._pictures(batch)
        with torch.inference_mode():
            memory_BTC = model.encoded(frames_BTHW, lengths_B)
            each = zip(memory_BTC, lengths_B.tolist(), ids_BNL, strict=True)
            return np.stack([self._scores(model, memory_TC[:length], ids_NL) for memory_TC, length, ids_NL in each])

    def _scores(self, model: ConformerLipreader, memory_TC: Tensor, ids_NL: Int64Array) -> Float64Array:
        """Of one clip, float64 [N]."""
        ids = torch.from_numpy(ids_NL).to(memory_TC.device)
        memory_NTC = memory_TC.expand(len(ids), -1, -1)
        lengths_N = torch.full((len(ids),), len(memory_TC))
        log_probs_NLV = model.decoded(memory_NTC, lengths_N, ids[:, :-1]).float().log_softmax(-1)
        of_ids_NL = log_probs_NLV.gather(2, ids[:, 1:, None])[..., 0]
        scores: Float64Array = (of_ids_NL * (ids[:, 1:] != PAD)).sum(1).detach().double().cpu().numpy()
        return scores

    def _text(self, ids: Sequence[int]) -> str:
        return "".join(self.tokenizer.characters[i] for i in ids)


def _syllables(config: ConformerConfig) -> Syllables | None:
    found = config.syllables if isinstance(config, NetworkConfig) else ()
    return Syllables(found, config.pinyin_tones) if found else None


def pinyin_scores(sums: Mapping[str, float]) -> Mapping[str, float]:
    """pinyin_loss, a syllable; per, errors a syllable; of the sums of a validation with `part_names`, else none."""
    if PINYIN_LOSS not in sums:
        return {}
    return {
        "pinyin_loss": sums[PINYIN_LOSS] / max(1.0, sums[PINYIN_COUNT]),
        "per": sums[PINYIN_ERRORS] / max(1.0, sums[PINYIN_UNITS]),
    }


def crop_of(config: ConformerConfig) -> Crop:
    """A window of 11/12 of each side, which is halved for the small network."""
    height, width = (side * 11 // 12 // 2 * 2 for side in (config.frame_height, config.frame_width))
    shrink = 2 if config.size == "small" else 1
    margin = (config.frame_height // _MARGIN_OF_SIDE, config.frame_width // _MARGIN_OF_SIDE)
    return Crop(height, width, height // shrink, width // shrink, margin)


def config_of_facts(facts: Mapping[str, str], config: ConformerConfig) -> ConformerConfig:
    """The settings, with those of the network that a checkpoint's facts tell. Raises BadConfig CHECKPOINT_DAMAGED."""
    try:
        if facts["size"] not in _SHAPES:
            raise ValueError(f"size is one of {', '.join(_SHAPES)}, not {facts['size']!r}")
        has_decoder = facts["has_decoder"] == "True"
        weight = config.ctc_weight if (config.ctc_weight < 1) is has_decoder else 0.3 if has_decoder else 1.0
        syllables = tuple(facts.get("pinyin", "").split())
        pinyin = {
            "pinyin_weight": (config.pinyin_weight or _USUAL_PINYIN_WEIGHT) if syllables else 0.0,
            "pinyin_tones": facts.get("pinyin_tones") == "True",
            "pinyin_block": int(facts.get("pinyin_block", 0)),
        }
        return with_syllables(
            config,
            Syllables(syllables).names,
            size=facts["size"],
            ctc_weight=weight,
            frame_height=int(facts["frame_height"]),
            frame_width=int(facts["frame_width"]),
            **pinyin,
        )
    except (KeyError, ValueError) as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"the checkpoint does not say what it is of ({error!r})") from error
