"""How the stage handles one clip: its sound in, rows of features out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from services.base.errors import BadConfig, BadInput
from services.base.media.audio import AlignedSound
from services.base.media.features import AudioFeatures
from services.base.stage.spec import ClipJob
from services.base.stage.stream import NO_STREAMS
from services.features.talker.extractors import Extractor
from services.features.talker.mel import RATE_HZ
from services.features.talker.spec import MODELS, AudioFeaturesConfig


def open_stage(config: AudioFeaturesConfig) -> AudioFeaturesStage:
    """Loads the model once. Raises BadConfig as `open_model` does, and Transient where a server does not answer."""
    extractor: Extractor = MODELS[config.model].opens(config)
    return AudioFeaturesStage(config.model, extractor)


class AudioFeaturesStage:
    """The opened stage (services.base.stage.spec.Consumer)."""

    def __init__(self, model: str, extractor: Extractor) -> None:
        self._model, self._extractor = model, extractor

    def __call__(self, job: ClipJob, info: object) -> AudioFeaturesOfClip:
        del info
        return AudioFeaturesOfClip(self._model, self._extractor, job.clip.key)


class AudioFeaturesOfClip:
    """One clip."""

    wants = NO_STREAMS

    def __init__(self, model: str, extractor: Extractor, name: str) -> None:
        self._model, self._extractor, self._name = model, extractor, name

    def push(self, chunk: object) -> None:
        """Never called: it reads no stream."""
        raise AssertionError(f"audiofeatures reads no stream, and was given {chunk!r}")

    def finish(self, given: Mapping[str, Any]) -> AudioFeatures:
        """The rows. Raises BadInput FEATURES_NOT_FINITE and what the extractor raises, BadConfig WRONG_RATE."""
        sound: AlignedSound = given["aligned_sound"]
        if sound.sample_rate_hz != RATE_HZ:
            raise BadConfig(
                "WRONG_RATE",
                f"{self._name}: its sound has {sound.sample_rate_hz} samples a second, and the models of audiofeatures "
                f"take {RATE_HZ}: make it by the stage sound",
            )
        rows = self._extractor(sound.samples_T, sound.fps, self._name)
        if not np.isfinite(rows.vectors_TX).all():
            raise BadInput(
                "FEATURES_NOT_FINITE",
                f"{self._name}: {self._model} answers NaN or infinity: check its weights, or leave the clip out",
            )
        return AudioFeatures(self._model, rows.weights, rows.vectors_TX, sound.fps, dict(rows.facts))
