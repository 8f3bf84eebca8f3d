"""A sound to states of WeNet's encoder, as SyncTalk_2D's heads and those of Ultralight-Digital-Human hear it.

Kaldi's filterbank of 100 frames a second, with silence of 32 frames before the sound and of 35 behind it; windows of 67
frames, every 100 / fps of them, the last one filled up with zeros.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, Int16Array
from services.features.backend import FeatureModel
from services.features.batching.in_flight import BatchesOfClip, Departures, Fitted, request_size
from services.features.opening import missing_library
from services.features.speech.filterbank import NUM_BINS, Filterbank
from services.features.talker.extractors import Extractor, Rows, in_batches
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.wenet.encoder import WINDOW_FRAMES, WINDOWS, WenetEncoder
from services.features.talker.wenet.models import encoder_of, models_of
from services.features.talker.windows import sliding

_FRAME, _HOP, _FRAMES_PER_S = 400, 160, 100
_BEFORE, _BEHIND = 32 * _HOP, 35 * _HOP
_PIECE_FRAMES = 2000


def open_wenet(config: AudioFeaturesConfig) -> Extractor:
    """Loads the graph once. Raises BadConfig as `models_of` and `WenetEncoder` do; of a server as `TritonClient`."""
    model = _model(config)
    size = request_size(config.batch_size, model.num_in_flight)
    return WenetExtractor(Departures(Fitted(model, size), size))


def _model(config: AudioFeaturesConfig) -> FeatureModel:
    weights = models_of(config)[config.model]
    if config.backend != "triton":
        return WenetEncoder(encoder_of(config), weights, config.num_threads)
    try:
        from services.features.triton.networks import TritonWindows, client_of
    except ModuleNotFoundError as error:
        raise missing_library(error, "triton") from error
    return TritonWindows(client_of(config, config.model, weights), WINDOWS, config.triton_in_flight)


class WenetExtractor:
    """A sound of 16 kHz -> float32 [T, 16, 512]."""

    def __init__(self, departures: Departures) -> None:
        self._departures = departures
        self._filterbank = Filterbank()

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
        frames = _filled(self._frames(samples_T, total), max(0, begins[-1] + WINDOW_FRAMES - total))
        batches = BatchesOfClip(self._departures, name)
        for windows_NTB in in_batches(sliding(frames, begins, WINDOW_FRAMES), self._departures.batch_size):
            batches.send(np.ascontiguousarray(windows_NTB[:, None], np.float32))
        return Rows(batches.answers(), self._departures.computer.weights, {"hop": int(hop)})

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
    return max(0, -(-(num_frames - WINDOW_FRAMES) // hop)) + 1


def _filled(frames: Iterator[Float32Array], num_missing: int) -> Iterator[Float32Array]:
    yield from frames
    if num_missing:
        yield np.zeros((num_missing, NUM_BINS), np.float32)
