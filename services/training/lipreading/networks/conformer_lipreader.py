"""A lipreader of pictures of any size: convolutions over space and time, residual blocks over each frame, a conformer
over time, and two readers of it: CTC, and a decoder with attention.

Source of the form: Ma et al., Auto-AVSR (https://arxiv.org/abs/2303.14307), joint CTC and attention as Watanabe et al.,
Hybrid CTC/Attention Architecture for End-to-End Speech Recognition (2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from services.training.lipreading.networks.conformer import Conformer, ConformerShape
from services.training.lipreading.networks.packing import frame_places, packed, padded
from services.training.lipreading.networks.residual import Residual

_SINE_BASE = 10_000.0


@dataclass(frozen=True)
class LipreaderShape:
    """stem: channels of the first convolution. trunk: of the residual stages, each of which but the first halves the
    picture. blocks_per_stage: residual blocks in each. encoder: over time. num_decoder_layers: of the decoder, as wide
    as the encoder.
    """

    stem: int
    trunk: tuple[int, ...]
    blocks_per_stage: int
    encoder: ConformerShape
    num_decoder_layers: int

    def __post_init__(self) -> None:
        if min(self.stem, *self.trunk, self.blocks_per_stage, self.num_decoder_layers) < 1:
            raise ValueError(f"every size of a lipreader must be 1 or more: {self}")


SMALL = LipreaderShape(16, (16, 32, 64), 1, ConformerShape(128, 4, 256, 15, 3), 1)
"""For a CPU, and data that are made: 1.0 M parameters, and 0.4 more for 1,000 characters."""
BASE = LipreaderShape(64, (64, 128, 256, 512), 2, ConformerShape(256, 4, 2048, 31, 12), 6)
"""For GPUs: 52 M parameters."""


class ConformerLipreader(nn.Module):
    """float32 [B, T, H, W], int64 [B] lengths of 1..T on the CPU; int64 [B, L] ids, <sos> first, or None -> logits
    float [B, T, num_classes], int64 [B] steps; logits float [B, L, vocabulary_size] of the id behind each, or None;
    logits float [B, T, pinyin_classes], or None.

    num_classes: of CTC. vocabulary_size: of the decoder; 0: there is none. Logits past a clip's steps mean nothing.
    pinyin_classes: of a second reader by CTC, of syllables, behind pinyin_block blocks of the encoder; 0: none.
    Raises ValueError for a block that the encoder lacks.
    """

    def __init__(
        self,
        num_classes: int,
        vocabulary_size: int,
        shape: LipreaderShape,
        dropout: float = 0.1,
        *,
        pinyin_classes: int = 0,
        pinyin_block: int = 1,
    ) -> None:
        super().__init__()
        if not 1 <= pinyin_block <= shape.encoder.num_blocks:
            raise ValueError(f"pinyin_block is {pinyin_block}: give 1 to {shape.encoder.num_blocks}")
        width = shape.encoder.width
        self.stem = nn.Conv3d(1, shape.stem, (5, 7, 7), (1, 2, 2), (2, 3, 3), bias=False)
        self.after_stem = nn.Sequential(nn.BatchNorm2d(shape.stem), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        blocks, num_in = [], shape.stem
        for stage, num_out in enumerate(shape.trunk):
            for block in range(shape.blocks_per_stage):
                blocks.append(Residual(num_in, num_out, 2 if stage and not block else 1))
                num_in = num_out
        self.trunk = nn.Sequential(*blocks)
        self.width = nn.Linear(num_in, width)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.time = Conformer(shape.encoder, dropout)
        self.classes = nn.Linear(width, num_classes)
        self.decoder = _Decoder(vocabulary_size, shape, dropout) if vocabulary_size else None
        # The last of all, so that the others begin with the weights that they have without it.
        self.pinyin = nn.Linear(width, pinyin_classes) if pinyin_classes else None
        self.pinyin_block = pinyin_block
        self.trunk.to(memory_format=torch.channels_last)

    def forward(
        self, frames_BTHW: Tensor, lengths_B: Tensor, ids_BL: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        seen_BTC = self._seen(frames_BTHW, lengths_B)
        if self.pinyin is None:
            memory_BTC, middle_BTC = self.time(seen_BTC, lengths_B), None
        else:
            memory_BTC, middle_BTC = self.time.both(seen_BTC, lengths_B, self.pinyin_block)
        logits_BLV = self.decoded(memory_BTC, lengths_B, ids_BL) if ids_BL is not None and self.decoder else None
        logits_BTK = self.ctc(memory_BTC)
        pinyin_BTP = None if self.pinyin is None else self.pinyin(self.dropout(middle_BTC))
        return logits_BTK, lengths_B, logits_BLV, pinyin_BTP

    def encoded(self, frames_BTHW: Tensor, lengths_B: Tensor) -> Tensor:
        """Float [B, T, width], zeros past a clip's end."""
        memory_BTC: Tensor = self.time(self._seen(frames_BTHW, lengths_B), lengths_B)
        return memory_BTC

    def _seen(self, frames_BTHW: Tensor, lengths_B: Tensor) -> Tensor:
        """Of each frame by itself, and its neighbours: float [B, T, width], zeros past a clip's end."""
        batch_size, num_frames = frames_BTHW.shape[:2]
        places_N = frame_places(lengths_B, num_frames).to(frames_BTHW.device)
        # What lies past a clip's end must be 0 to the stem, as what lies past a batch's is.
        own_BTHW = padded(packed(frames_BTHW, places_N), places_N, batch_size, num_frames)
        stem_BTCHW = self.stem(own_BTHW[:, None]).transpose(1, 2)
        pictures_NCHW = packed(stem_BTCHW, places_N).contiguous(memory_format=torch.channels_last)
        features_NC = self.trunk(self.after_stem(pictures_NCHW)).mean((-2, -1))
        features_NC = self.dropout(self.norm(self.width(features_NC)))
        return padded(features_NC, places_N, batch_size, num_frames)

    def ctc(self, memory_BTC: Tensor) -> Tensor:
        """Logits float [B, T, num_classes]."""
        logits_BTK: Tensor = self.classes(self.dropout(memory_BTC))
        return logits_BTK

    def decoded(self, memory_BTC: Tensor, lengths_B: Tensor, ids_BL: Tensor) -> Tensor:
        """Logits float [B, L, vocabulary_size] of the id behind each. Raises ValueError without a decoder."""
        if self.decoder is None:
            raise ValueError("this network has no decoder: it was made with CTC alone")
        logits_BLV: Tensor = self.decoder(memory_BTC, lengths_B, ids_BL)
        return logits_BLV


class _Decoder(nn.Module):
    """A transformer that reads the ids before each place, and all frames."""

    def __init__(self, vocabulary_size: int, shape: LipreaderShape, dropout: float) -> None:
        super().__init__()
        encoder = shape.encoder
        self.embedding = nn.Embedding(vocabulary_size, encoder.width)
        layer = nn.TransformerDecoderLayer(
            encoder.width, encoder.num_heads, encoder.hidden, dropout, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerDecoder(layer, shape.num_decoder_layers, nn.LayerNorm(encoder.width))
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(encoder.width, vocabulary_size)

    def forward(self, memory_BTC: Tensor, lengths_B: Tensor, ids_BL: Tensor) -> Tensor:
        num_ids, width = ids_BL.shape[1], memory_BTC.shape[-1]
        outside_BT = (torch.arange(memory_BTC.shape[1]) >= lengths_B[:, None]).to(memory_BTC.device)
        later_LL = torch.ones(num_ids, num_ids, dtype=torch.bool, device=ids_BL.device).triu(1)
        places_LC = places_of_ids(torch.arange(num_ids), width).to(memory_BTC.device)
        x_BLC = self.embedding(ids_BL) * math.sqrt(width) + places_LC
        x_BLC = self.layers(
            self.dropout(x_BLC),
            memory_BTC,
            tgt_mask=later_LL,
            memory_key_padding_mask=outside_BT,
        )
        logits_BLV: Tensor = self.out(x_BLC)
        return logits_BLV


def places_of_ids(places_L: Tensor, width: int) -> Tensor:
    """int64 [L] -> float32 [L, C]: sines of even channels, cosines of odd ones (Vaswani et al., https://arxiv.org/abs/1706.03762)."""
    rates_D = _SINE_BASE ** -(torch.arange(0, width, 2, dtype=torch.float32) / width)
    turns_LD = places_L.float()[:, None] * rates_D
    return torch.stack((turns_LD.sin(), turns_LD.cos()), dim=-1).flatten(-2)
