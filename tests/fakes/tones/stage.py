"""How the spectrum stage handles one clip: chunks of samples in, one npz out."""

from __future__ import annotations

import time
from collections.abc import Mapping
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
    """One clip."""

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
        npz = ProductFile.of("clip.npz", encode_npz(found, compressed=False), "application/x-npz")
        return Product((npz,), {"windows": len(found["rms"])})


def open_stage(config: SpectrumConfig) -> Consumer:
    """The consumer of waveforms; loads nothing."""

    def begin(job: ClipJob, info: AudioInfo) -> ClipConsumer:
        return _Clip(job, info, config)

    return begin
