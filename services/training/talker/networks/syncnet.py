"""The network that says whether lips and sound belong together: SyncNet_color of SyncTalk_2D.

A face and half a second of sound become unit vectors, whose product is their likeness, -1 to 1. Names and shapes of the
weights are the original's (https://github.com/ZiqiaoPeng/SyncTalk_2D) at width 1 and 320 px: 25,147,616 parameters for
ave and hubert. Its window of wenet, which its data set cuts to another shape than its network takes, is taken as it is.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from services.lips.talker_input import FACE_PX, SOUND_SHAPES

_SLOPE = 0.01


class _Block(nn.Module):
    """Convolution, BatchNorm, and LeakyReLU over it and, where it adds, its input."""

    def __init__(
        self, num_in: int, num_out: int, kernel: int, stride: Any = 1, padding: int = 1, *, adds: bool = False
    ) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(nn.Conv2d(num_in, num_out, kernel, stride, padding), nn.BatchNorm2d(num_out))
        self._adds = adds

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        y_BCHW = self.conv_block(x_BCHW)
        return functional.leaky_relu(x_BCHW + y_BCHW if self._adds else y_BCHW, _SLOPE)


class SyncNet(nn.Module):
    """face_px: 320, or 160 without the last halving. width: factor on all channels; 1 is the original's."""

    def __init__(self, asr_model: str, face_px: int = 320, width: float = 1.0) -> None:
        """Raises KeyError for a model of features that is not known, ValueError for another size or width."""
        super().__init__()
        if face_px not in FACE_PX.values() or not 0 < width <= 1:
            raise ValueError(f"a face is 320 or 160 px, not {face_px}; width is above 0 and at most 1, not {width}")

        def wide(num: int) -> int:
            return max(8, round(num * width))

        def same(num: int, times: int) -> list[_Block]:
            return [_Block(wide(num), wide(num), 3, adds=True) for _ in range(times)]

        sound = SOUND_SHAPES[asr_model]
        self.face_encoder = nn.Sequential(
            _Block(3, wide(32), 7, 1, 3),
            _Block(wide(32), wide(32), 5, 2),
            _Block(wide(32), wide(64), 5, 2),
            *same(64, 2),
            _Block(wide(64), wide(128), 3, 2),
            *same(128, 3),
            _Block(wide(128), wide(256), 3, 2),
            *same(256, 2),
            _Block(wide(256), wide(512), 3, 2),
            *same(512, 2),
            _Block(wide(512), wide(512), 3, 2 if face_px == 320 else 1),
            _Block(wide(512), wide(512), 3, 1, 0),
            _Block(wide(512), wide(512), 1, 1, 0),
        )
        self.audio_encoder = nn.Sequential(
            _Block(sound.channels, wide(128), 3),
            *same(128, 2),
            _Block(wide(128), wide(256), 3, sound.strides),
            *same(256, 2),
            _Block(wide(256), wide(256), 3, 2, 2),
            *same(256, 2),
            _Block(wide(256), wide(512), 3, 2),
            *same(512, 2),
            _Block(wide(512), wide(512), 3, 1, 0),
            _Block(wide(512), wide(512), 1, 1, 0),
        )

    def faces(self, faces_B3HW: torch.Tensor) -> torch.Tensor:
        """float32 [B, 3, face_px, face_px], BGR, 0 to 1 -> unit vectors [B, 4608 * width]."""
        return functional.normalize(self.face_encoder(faces_B3HW).flatten(1).float())

    def sounds(self, sounds_BCHW: torch.Tensor) -> torch.Tensor:
        """float32 [B, *SOUND_SHAPES[model][:3]] -> unit vectors likewise."""
        return functional.normalize(self.audio_encoder(sounds_BCHW).flatten(1).float())

    def forward(self, faces_B3HW: torch.Tensor, sounds_BCHW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(vectors of the sounds, vectors of the faces), as the original has it."""
        return self.sounds(sounds_BCHW), self.faces(faces_B3HW)
