"""From filterbanks to what IndexTTS-2 trains on: semantic codes, the voice's condition and its emotion vector."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from services.base.media.arrays import Float32Array
from services.base.media.features import SpeechFeatures
from services.features.ops import padded
from services.features.speech.answers import features_of
from services.features.speech.filterbank import check_length
from services.features.speech.repcodec import SemanticCodec
from services.features.speech.voice import VoiceConditioner


class SpeechNetworks(nn.Module):
    """float32 [N, T, 160] filterbanks, int64 [N] lengths -> codes int64 [N, T], condition [N, 32, D], emotion [N, D].

    mean_C, var_C: of the semantic features, over speech. A sequence's answer is that of the sequence alone, but for
    rounding: nothing of its padding reaches it.
    """

    mean_C: Tensor
    std_C: Tensor

    def __init__(
        self, encoder: nn.Module, codec: SemanticCodec, voice: VoiceConditioner, mean_C: Tensor, var_C: Tensor
    ) -> None:
        super().__init__()
        self.encoder, self.codec, self.voice = encoder, codec, voice
        self.register_buffer("mean_C", mean_C)
        self.register_buffer("std_C", var_C.sqrt())

    def forward(self, filterbanks_NTC: Tensor, lengths_N: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        semantic_NTC = self.semantic(filterbanks_NTC, lengths_N)
        condition_NKD, emotion_ND = self.voice(semantic_NTC, lengths_N)
        return self.codec(semantic_NTC, lengths_N), condition_NKD, emotion_ND

    @property
    def dtype(self) -> torch.dtype:
        """Of the encoder's weights; what comes after it computes in float32."""
        return next(self.encoder.parameters()).dtype

    @contextlib.contextmanager
    def in_smaller_pieces(self) -> Iterator[None]:
        """While it lasts, attention and the convolutions of the fronts take a quarter of what they take at once."""
        parts: list[Any] = [part for part in self.modules() if hasattr(part, "num_at_once")]
        before = [part.num_at_once for part in parts]
        for part in parts:
            part.num_at_once = max(1, part.num_at_once // 4)
        try:
            yield
        finally:
            for part, num_at_once in zip(parts, before, strict=True):
                part.num_at_once = num_at_once

    def semantic(self, filterbanks_NTC: Tensor, lengths_N: Tensor) -> Tensor:
        """float32 [N, T, hidden_size], normalised. Beyond a length it means nothing."""
        time_T = torch.arange(filterbanks_NTC.shape[1], device=filterbanks_NTC.device)
        mask_NT = (time_T[None] < lengths_N[:, None]).to(torch.int64)
        state_NTC: Tensor = self.encoder(filterbanks_NTC.to(self.dtype), mask_NT)
        semantic_NTC: Tensor = (state_NTC.float() - self.mean_C) / self.std_C
        return semantic_NTC


class SpeechExtractor:
    """The networks on a device: filterbanks of clips in, features of each out, computed together.

    sources: how each network got its weights.
    """

    def __init__(
        self, networks: SpeechNetworks, sources: Mapping[str, str], device: torch.device | str = "cpu"
    ) -> None:
        self.networks = networks.to(device).eval().requires_grad_(False)
        self._sources = dict(sources)
        self._device = device

    def __call__(self, filterbanks: Sequence[Float32Array], names: Sequence[str]) -> list[SpeechFeatures]:
        """filterbanks: float32 [T_i, 160] each. names: of the clips, for messages.

        Those of a clip may be no numbers, which says nothing of the others. Raises BadInput TOO_SHORT, TOO_LONG.
        """
        for filterbank_TC, name in zip(filterbanks, names, strict=True):
            check_length(len(filterbank_TC), name)
        padded_NTC, lengths_N = padded(list(filterbanks))
        with torch.inference_mode():
            codes_NT, condition_NKD, emotion_ND = (
                made.cpu().numpy()
                for made in self.networks(
                    torch.from_numpy(padded_NTC).to(self._device), torch.from_numpy(lengths_N).to(self._device)
                )
            )
        return [
            features_of(codes_NT[i, :length], condition_NKD[i], emotion_ND[i], self._sources)
            for i, length in enumerate(lengths_N.tolist())
        ]
