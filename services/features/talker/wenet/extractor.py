"""A sound to states of WeNet's encoder, as SyncTalk_2D's heads and those of Ultralight-Digital-Human hear it.

Kaldi's filterbank of 100 frames a second, with silence of 32 frames before the sound and of 35 behind it; windows of 67
frames, every 100 / fps of them, the last one filled up with zeros. Each window is a chunk of its own: the encoder's
caches are zeros, and its offset is 100.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, Int16Array
from services.features.runtimes.onnx import open_session
from services.features.speech.filterbank import NUM_BINS, Filterbank
from services.features.talker.extractors import Extractor, Rows
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.wenet.models import encoder_of, models_of
from services.features.talker.windows import sliding

_FRAME, _HOP, _FRAMES_PER_S = 400, 160, 100
_BEFORE, _BEHIND = 32 * _HOP, 35 * _HOP
_WINDOW = 67
_PIECE_FRAMES = 2000
_OFFSET = 100
_INPUTS = {
    "chunk": (1, 1, _WINDOW, NUM_BINS),
    "offset": (1,),
    "att_cache": (3, 8, 16, 128),
    "cnn_cache": (3, 1, 512, 14),
}


def open_wenet(config: AudioFeaturesConfig) -> Extractor:
    """Loads the graph once. Raises BadConfig as `models_of` does, MODEL_UNREADABLE and MODEL_OF_ANOTHER_NETWORK."""
    return WenetExtractor(encoder_of(config), models_of(config)["wenet"], config.num_threads)


class WenetExtractor:
    """A sound of 16 kHz -> float32 [T, 16, 512]."""

    def __init__(self, path: Path, weights: str, num_threads: int = 1) -> None:
        self._weights = weights
        self._filterbank = Filterbank()
        self._session = open_session(path, num_threads, "copy it again")
        names = {given.name for given in self._session.get_inputs()}
        if names != _INPUTS.keys():
            raise BadConfig(
                "MODEL_OF_ANOTHER_NETWORK",
                f"{path} takes {', '.join(sorted(names))}, and the encoder takes {', '.join(_INPUTS)}: give WeNet's "
                "encoder.onnx",
            )
        self._fixed = {
            "offset": np.array([_OFFSET], np.int64),
            **{name: np.zeros(_INPUTS[name], np.float32) for name in ("att_cache", "cnn_cache")},
        }

    def __call__(self, samples_T: Int16Array, fps: float, name: str) -> Rows:
        """Raises BadConfig OTHER_FPS."""
        hop = _FRAMES_PER_S / fps
        if hop != int(hop):
            raise BadConfig(
                "OTHER_FPS",
                f"{name}: wenet hears 100 frames a second, which {fps:g} pictures do not divide: take --fps 25 or 20",
            )
        total = 1 + (_BEFORE + len(samples_T) + _BEHIND - _FRAME) // _HOP
        begins = range(0, num_windows(total, int(hop)) * int(hop), int(hop))
        frames = _filled(self._frames(samples_T, total), max(0, begins[-1] + _WINDOW - total))
        states = [
            self._session.run(None, {"chunk": window_TB[None, None], **self._fixed})[0][0]
            for windows_NTB in sliding(frames, begins, _WINDOW)
            for window_TB in windows_NTB
        ]
        return Rows(np.stack(states).astype(np.float32, copy=False), self._weights, {"hop": int(hop)})

    def _frames(self, samples_T: Int16Array, total: int) -> Iterator[Float32Array]:
        """float32 [T_i, 80] of the sound within its silence, in pieces of 20 s."""
        for first in range(0, total, _PIECE_FRAMES):
            num = min(_PIECE_FRAMES, total - first)
            begin = first * _HOP - _BEFORE
            end = begin + (num - 1) * _HOP + _FRAME
            part_T = samples_T[max(0, begin) : max(0, end)]
            before = min(max(0, -begin), end - begin)
            padded_T = np.pad(part_T, (before, end - begin - before - len(part_T)))
            yield self._filterbank.log_bins(padded_T.astype(np.float32) / np.float32(32_768))


def num_windows(num_frames: int, hop: int) -> int:
    """Windows until one reaches the end."""
    return max(0, -(-(num_frames - _WINDOW) // hop)) + 1


def _filled(frames: Iterator[Float32Array], num_missing: int) -> Iterator[Float32Array]:
    yield from frames
    if num_missing:
        yield np.zeros((num_missing, NUM_BINS), np.float32)
