"""How speech handles a clip, or a batch of them: filterbanks in, everything that IndexTTS-2 trains on out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.base.stage.spec import ClipJob
from services.base.stage.stream import NO_STREAMS
from services.base.stage.window import like, values_of
from services.features.tts.fitting import FittingExtractor
from services.features.tts.opening import open_extractor
from services.features.tts.spec import STEPS_OF_A_CLIP, SpeechConfig, settled


def open_stage(config: SpeechConfig) -> SpeechStage:
    """Loads the networks once. Raises BadConfig as `open_extractor` does."""
    batch_size: int = settled(config)["batch_size"]
    return SpeechStage(FittingExtractor(open_extractor(config), batch_size * STEPS_OF_A_CLIP))


class SpeechStage:
    """The opened stage (services.base.stage.spec.Consumer)."""

    def __init__(self, extractor: FittingExtractor) -> None:
        self._extractor = extractor

    def __call__(self, job: ClipJob, info: object) -> SpeechOfBatch:
        del info
        return SpeechOfBatch(self._extractor, job.clip.key)


class SpeechOfBatch:
    """One clip, or those that a window puts together."""

    wants = NO_STREAMS

    def __init__(self, extractor: FittingExtractor, name: str) -> None:
        self._extractor, self._name = extractor, name

    def push(self, chunk: object) -> None:
        """Never called: it reads no stream."""
        raise AssertionError(f"speech reads no stream, and was given {chunk!r}")

    def finish(self, given: Mapping[str, Any]) -> Any:
        """SpeechFeatures, of several clips as `Together`. Raises BadInput as `FittingExtractor` does."""
        filterbanks = [value.frames_TC for value in values_of(given["filterbank"])]
        return like(given["filterbank"], self._extractor(filterbanks, [self._name] * len(filterbanks)))
