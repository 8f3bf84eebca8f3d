"""How the stage handles one clip: as `tones` does, and the clip's attributes become facts about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tones.spec import SpectrumConfig
from tones.stage import open_stage as open_tones

from services.base.media.audio import AudioChunk, AudioInfo
from services.base.stage.product import Product
from services.base.stage.spec import ClipConsumer, ClipJob, Consumer


class _Clip:
    """One clip."""

    def __init__(self, job: ClipJob, tones: ClipConsumer) -> None:
        self.wants = tones.wants
        self._said = job.clip.attributes
        self._tones = tones

    def push(self, chunk: AudioChunk) -> None:
        self._tones.push(chunk)

    def finish(self, given: Mapping[str, Any]) -> Product:
        product: Product = self._tones.finish(given)
        said = self._said
        facts = {"text": said.text, "language": said.language, "stated_s": said.duration_s}
        return dataclasses.replace(product, quality={**product.quality, **facts})


def open_stage(config: SpectrumConfig) -> Consumer:
    """The consumer of waveforms; loads nothing."""
    tones = open_tones(config)

    def begin(job: ClipJob, info: AudioInfo) -> ClipConsumer:
        return _Clip(job, tones(job, info))

    return begin
