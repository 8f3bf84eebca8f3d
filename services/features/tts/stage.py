"""How speech handles a clip, or a batch of them: filterbanks in, everything that IndexTTS-2 trains on out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.base.media.arrays import Float32Array
from services.base.media.features import SpeechFeatures
from services.base.stage.spec import ClipJob
from services.base.stage.stream import NO_STREAMS
from services.base.stage.window import like, values_of
from services.features.opening import missing_library
from services.features.speech.answers import check_finite
from services.features.tts.spec import STEPS_OF_A_CLIP, SpeechConfig, settled

Extractor = Callable[[Sequence[Float32Array], Sequence[str]], list[SpeechFeatures]]
"""Filterbanks of clips, float32 [T_i, 160], and their names -> features of each."""


def open_stage(config: SpeechConfig) -> SpeechStage:
    """Loads the networks once, or connects to their server. Raises BadConfig as `open_extractor` and `open_served` do,
    and Transient.
    """
    return SpeechStage(_served(config) if config.backend == "triton" else _here(config))


def _here(config: SpeechConfig) -> Extractor:
    from services.features.tts.fitting import FittingExtractor
    from services.features.tts.opening import open_extractor

    batch_size: int = settled(config)["batch_size"]
    return FittingExtractor(open_extractor(config), batch_size * STEPS_OF_A_CLIP)


def _served(config: SpeechConfig) -> Extractor:
    try:
        from services.features.tts.served import open_served
    except ModuleNotFoundError as error:
        raise missing_library(error, "triton") from error
    return open_served(config)


class SpeechStage:
    """The opened stage (services.base.stage.spec.Consumer)."""

    def __init__(self, extractor: Extractor) -> None:
        self._extractor = extractor

    def __call__(self, job: ClipJob, info: object) -> SpeechOfBatch:
        del info
        return SpeechOfBatch(self._extractor, job.clip.key)


class SpeechOfBatch:
    """One clip, or those that a window puts together."""

    wants = NO_STREAMS

    def __init__(self, extractor: Extractor, name: str) -> None:
        self._extractor, self._name = extractor, name

    def push(self, chunk: object) -> None:
        """Never called: it reads no stream."""
        raise AssertionError(f"speech reads no stream, and was given {chunk!r}")

    def finish(self, given: Mapping[str, Any]) -> Any:
        """SpeechFeatures, of several clips as `Together`. Raises BadInput as the extractor does, and of a clip alone
        FEATURES_NOT_FINITE: of several, whoever takes one that is no numbers refuses it, and the others are kept.
        """
        filterbanks = [value.frames_TC for value in values_of(given["filterbank"])]
        made = self._extractor(filterbanks, [self._name] * len(filterbanks))
        if len(made) == 1:
            check_finite(made[0], self._name)
        return like(given["filterbank"], made)
