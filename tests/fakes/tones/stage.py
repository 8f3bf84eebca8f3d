"""How the spectrum stage handles one clip: chunks of samples in, an npz out, alone or among its windows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from services.base.errors import BadInput
from services.base.media.audio import AudioChunk, AudioInfo
from services.base.stage.product import Product, ProductFile
from services.base.stage.spec import ClipConsumer, ClipJob, Consumer
from services.formats.npz import encode_npz
from tones.ops import statistics
from tones.spec import SpectrumConfig

_POLL_S = 0.05


class _Clip:
    """One clip to one file."""

    def __init__(self, job: ClipJob, info: AudioInfo, config: SpectrumConfig) -> None:
        self.wants = frozenset({"waveform"})
        self._job = job
        self._rate_hz = info.sample_rate_hz
        self._config = config
        self._chunks: list[np.ndarray] = []

    def push(self, chunk: AudioChunk) -> None:
        self._chunks.append(chunk.samples_TC[:, 0])

    def finish(self, given: Mapping[str, Any]) -> Product:
        name, _, file = self._config.hold.partition("=")
        while name == self._job.clip.utterance_id and Path(file).exists():
            time.sleep(_POLL_S)
        found = statistics(np.concatenate(self._chunks), self._rate_hz, self._config.window_samples)
        if not len(found["rms"]):
            raise BadInput("TOO_SHORT", f"{self._job.clip.key} is shorter than one window: leave it out")
        if not found["rms"].any():
            raise BadInput("SILENT", f"{self._job.clip.key} has no tone: leave it out")
        npz = ProductFile.of("clip.npz", encode_npz(found, compressed=False), "application/x-npz")
        return Product((npz,), {"windows": len(found["rms"])})


class _TreeOfClip(_Clip):
    """One clip to a folder: its windows while they come, then the same file."""

    def __init__(self, job: ClipJob, info: AudioInfo, config: SpectrumConfig) -> None:
        super().__init__(job, info, config)
        self._rest_T = np.zeros(0, np.float32)
        self._num_windows = 0

    def push(self, chunk: AudioChunk) -> None:
        super().push(chunk)
        self._rest_T = np.concatenate([self._rest_T, chunk.samples_TC[:, 0]])

    def files_so_far(self) -> Iterator[ProductFile]:
        length = self._config.window_samples
        while len(self._rest_T) >= length:
            window_T, self._rest_T = self._rest_T[:length], self._rest_T[length:]
            yield ProductFile(f"windows/{self._num_windows}.f32", (window_T.tobytes(),))
            self._num_windows += 1


def open_stage(config: SpectrumConfig) -> Consumer:
    """The consumer of waveforms; loads nothing."""

    def begin(job: ClipJob, info: AudioInfo) -> ClipConsumer:
        return (_TreeOfClip if config.tree else _Clip)(job, info, config)

    return begin
