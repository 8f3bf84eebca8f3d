"""The network of the recipe, and how it is applied to a batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from services.base.errors import BadConfig
from services.training.interfaces import Batch, LossSum
from services.training.lipreading.cross_entropy import cross_entropy_sum
from services.training.lipreading.networks.attention_lipreader import AttentionLipreader
from services.training.lipreading.tokenizer import EOS, PAD, SOS, Tokenizer
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig

# How many times an even look is black on the page of a test.
_SHARP = 10
_SHAPE = ("hidden_dim", "num_lstm_layers", "num_heads", "frame_height", "frame_width", "max_text_length")


class Reader:
    """Networks of the settings, and what they make of batches. It holds no weights."""

    def __init__(self, config: ChineseLipsConfig, tokenizer: Tokenizer) -> None:
        self._config, self.tokenizer = config, tokenizer

    def network(self, seed: int) -> AttentionLipreader:
        """With random weights, which follow from the seed."""
        config = self._config
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return AttentionLipreader(
                self.tokenizer.vocabulary_size,
                config.hidden_dim,
                config.num_lstm_layers,
                config.num_heads,
                config.dropout,
                config.pad_mask,
            )

    def loss(self, model: torch.nn.Module, batch: Batch, generator: torch.Generator) -> LossSum:
        """batch: as LipsClips gives it; forcing: the share of micro-batches in which the decoder reads the right
        characters; without it, it always does.
        """
        ids_BL = self._ids(batch).to(batch["frames_BTHWC"].device)
        device = generator.device
        forced = float(torch.rand((), generator=generator, device=device)) < batch.get("forcing", 1.0)
        logits_BLV = model(pictures(batch), batch["lengths_B"].cpu(), ids_BL[:, :-1], forced)
        config = self._config
        return cross_entropy_sum(
            logits_BLV, ids_BL[:, 1:], smoothing=config.label_smoothing, pad=PAD, norm=config.loss_norm
        )

    def texts(self, model: torch.nn.Module, batch: Batch) -> tuple[LossSum, list[str]]:
        """The loss with the right characters read, and what the model reads by itself in each clip, by the likeliest
        character at each step.
        """
        return self.loss(model, batch, torch.Generator(batch["frames_BTHWC"].device)), self.read(model, batch)

    def read(self, model: torch.nn.Module, batch: Batch) -> list[str]:
        """What the model reads in each clip; of the batch, the frames and their lengths alone are looked at."""
        assert isinstance(model, AttentionLipreader)
        most = self._config.max_text_length
        ids_BL = model.read(pictures(batch), batch["lengths_B"].cpu(), most)
        return [self.tokenizer.decode(ids) for ids in ids_BL.tolist()]

    def look(self, model: torch.nn.Module, batch: Batch, text: str) -> tuple[npt.NDArray[np.float32], list[str]]:
        """At which frames of the one clip each character of the text looks, against an even look at
        all of them: float32 [T, K], 1 where it is 10 times as much, or all there is.
        """
        assert isinstance(model, AttentionLipreader)
        characters = text[: self._config.max_text_length - 1]
        ids = [i for i in self.tokenizer.encode(characters, len(characters) + 2) if i != EOS]
        ids_BL = torch.tensor([ids or [SOS]], device=batch["frames_BTHWC"].device)
        weights_BLT = model.attention(pictures(batch), batch["lengths_B"].cpu(), ids_BL)
        steps_TK = weights_BLT[0, : max(1, len(characters))].T.float().cpu().numpy()
        # Over hundreds of frames the weights themselves are small, and would be seen as nothing.
        seen_TK = (steps_TK * len(steps_TK) / min(_SHARP, len(steps_TK))).clip(0, 1)
        return seen_TK, list(characters) or ["<eos>"]

    def facts(self) -> Mapping[str, str]:
        """What a checkpoint must have in common with the network that it is restored into."""
        shape = {name: str(getattr(self._config, name)) for name in _SHAPE}
        return {"vocabulary": self.tokenizer.characters, "pad_mask": str(self._config.pad_mask), **shape}

    def _ids(self, batch: Batch) -> Tensor:
        """int64 [B, L], <sos> first, padded with PAD."""
        ids = [torch.tensor(self.tokenizer.encode(text, self._config.max_text_length)) for text in batch["texts"]]
        return torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=PAD)


def config_of_facts(facts: Mapping[str, str], config: ChineseLipsConfig) -> ChineseLipsConfig:
    """The settings, with those of the network that a checkpoint's facts tell. Raises BadConfig CHECKPOINT_DAMAGED."""
    try:
        shape = {name: int(facts[name]) for name in _SHAPE}
        return dataclasses.replace(config, **shape, pad_mask=facts["pad_mask"] == "True")  # type: ignore[arg-type]
    except (KeyError, ValueError) as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"the checkpoint does not say what it is of ({error!r})") from error


def pictures(batch: Batch) -> Tensor:
    """float32 [B, T, H, W] in 0..1, as the baseline has them."""
    frames: Tensor = batch["frames_BTHWC"]
    return frames[..., 0].float() / 255
