"""The full lipreader: pictures of 100x50, a convolution over space and time, residual blocks over each frame, then an
encoder over time.

Source of the form: Assael et al., LipNet (https://arxiv.org/abs/1611.01599), with its pooled convolutions over time but
the first replaced by residual ones over space (He et al., https://arxiv.org/abs/1512.03385).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from services.training.lipreading.networks.conformer import Conformer, ConformerShape
from services.training.lipreading.networks.packing import frame_places, packed, padded
from services.training.lipreading.networks.recurrent import BiLstm
from services.training.lipreading.networks.residual import Residual

HEIGHT_PX, WIDTH_PX = 50, 100
STEPS_PER_FRAME = 2
ENCODERS = ("lstm", "conformer")
_STEM = 32
_TRUNK = (64, 128, 192)
# Of 50x100, halved four times: by the stem, its pooling, and all blocks but the first.
_TRUNK_PLACES = 4 * 7
_WIDTH = 256


class FullLipreader(nn.Module):
    """float32 [B, T, 50, 100], int64 [B] lengths of 1..T on the CPU -> logits float [B, 2 T, num_classes], int64 [B]
    steps.

    encoder: one of ENCODERS. Logits past a clip's steps mean nothing. Raises ValueError for another encoder.
    """

    def __init__(self, num_classes: int, encoder: str = "lstm", dropout: float = 0.3) -> None:
        super().__init__()
        if encoder not in ENCODERS:
            raise ValueError(f"encoder must be one of {', '.join(ENCODERS)}, not {encoder!r}")
        self.stem = nn.Conv3d(1, _STEM, (5, 5, 5), stride=(1, 2, 2), padding=(2, 2, 2), bias=False)
        self.after_stem = nn.Sequential(nn.BatchNorm2d(_STEM), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        widths = (_STEM, *_TRUNK)
        self.trunk = nn.Sequential(
            *(Residual(widths[i], widths[i + 1], 1 if i == 0 else 2) for i in range(len(_TRUNK))), nn.Flatten()
        )
        self.width = nn.Linear(_TRUNK[-1] * _TRUNK_PLACES, _WIDTH)
        self.norm = nn.LayerNorm(_WIDTH)
        self.dropout = nn.Dropout(dropout)
        if encoder == "lstm":
            self.time: nn.Module = BiLstm(_WIDTH, _WIDTH, 2, dropout)
        else:
            self.time = Conformer(ConformerShape(width=_WIDTH), dropout)
        self.steps = nn.Linear(2 * _WIDTH if encoder == "lstm" else _WIDTH, STEPS_PER_FRAME * _WIDTH)
        self.classes = nn.Linear(_WIDTH, num_classes)
        self.trunk.to(memory_format=torch.channels_last)

    def forward(self, frames_BTHW: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        batch_size, num_frames = frames_BTHW.shape[:2]
        places_N = frame_places(lengths_B, num_frames).to(frames_BTHW.device)
        # What lies past a clip's end must be 0 to the stem, as what lies past a batch's is.
        own_BTHW = padded(packed(frames_BTHW, places_N), places_N, batch_size, num_frames)
        stem_BTCHW = self.stem(own_BTHW[:, None]).transpose(1, 2)
        pictures_NCHW = packed(stem_BTCHW, places_N).contiguous(memory_format=torch.channels_last)
        features_NC = self.trunk(self.after_stem(pictures_NCHW))
        features_NC = self.dropout(self.norm(self.width(features_NC)))
        x_BTC = self.time(padded(features_NC, places_N, batch_size, num_frames), lengths_B)
        steps_BSC = self.steps(self.dropout(x_BTC)).unflatten(-1, (STEPS_PER_FRAME, _WIDTH)).flatten(1, 2)
        return self.classes(torch.relu(steps_BSC)), lengths_B * STEPS_PER_FRAME
