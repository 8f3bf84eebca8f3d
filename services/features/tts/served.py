"""The networks of speech at a Triton server: filterbanks go up, 32 kB a second; features come down. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.base.errors import BadConfig, BadInput, OutOfMemory
from services.base.media.arrays import Float32Array
from services.base.media.features import SpeechFeatures
from services.base.sandbox.child import waiting_for
from services.features.speech.answers import check_finite, features_of
from services.features.speech.filterbank import check_length
from services.features.triton.networks import gathered
from services.features.tts.models import models_of, served_weights
from services.features.tts.spec import SpeechConfig
from services.triton.client import ModelProbe, TritonClient

MODEL: Final = "indextts2_speech"
FILTERBANKS, LENGTHS = "filterbanks", "lengths"
CODES, CONDITION, EMOTION = "codes", "condition", "emotion"


class ServedExtractor:
    """Filterbanks of clips in, features of each out; each clip is a request, of which the server makes batches.

    sources: how each network got its weights.
    """

    def __init__(self, client: TritonClient, sources: Mapping[str, str], num_in_flight: int) -> None:
        facts = client.facts
        if (set(facts.inputs), set(facts.outputs)) != ({FILTERBANKS, LENGTHS}, {CODES, CONDITION, EMOTION}):
            raise BadConfig(
                "WRONG_MODEL", f"{facts.name} has other inputs and outputs than the networks of speech, {facts}"
            )
        self._client = client
        self._sources = dict(sources)
        self._threads = ThreadPoolExecutor(num_in_flight, thread_name_prefix="triton")

    def __call__(self, filterbanks: Sequence[Float32Array], names: Sequence[str]) -> list[SpeechFeatures]:
        """filterbanks: float32 [T_i, 160] each. names: of the clips, for messages.

        Raises BadInput TOO_SHORT, TOO_LONG, FEATURES_NOT_FINITE, OUT_OF_MEMORY; Transient when patience ends.
        """
        for filterbank_TC, name in zip(filterbanks, names, strict=True):
            check_length(len(filterbank_TC), name)
        with waiting_for(f"model {self._client.facts.name}"):
            asked = zip(filterbanks, names, strict=True)
            return gathered([self._threads.submit(self._one, filterbank_TC, name) for filterbank_TC, name in asked])

    def _one(self, filterbank_TC: Float32Array, name: str) -> SpeechFeatures:
        lengths_N1 = np.array([[len(filterbank_TC)]], np.int64)
        given: list[tuple[str, npt.NDArray[Any]]] = [(FILTERBANKS, filterbank_TC[None]), (LENGTHS, lengths_N1)]
        try:
            codes_NT, condition_NKD, emotion_ND = self._client.infer_all(given, [CODES, CONDITION, EMOTION])
        except OutOfMemory as error:
            raise BadInput(
                "OUT_OF_MEMORY",
                f"{name} has {len(filterbank_TC)} frames of 20 ms, for which the server is short of memory: cut it, or "
                "give the server more",
                str(error),
            ) from error
        features = features_of(codes_NT[0], condition_NKD[0], emotion_ND[0], self._sources)
        check_finite(features, name)
        return features


def open_served(config: SpeechConfig) -> ServedExtractor:
    """The served networks of a config. Raises BadConfig for another model, Transient when no server answers."""
    client = TritonClient(
        config.triton, MODEL, served_weights(models_of(config)), num_in_flight=config.triton_in_flight
    )
    client.forget_orphans()
    return ServedExtractor(client, models_of(config), config.triton_in_flight)


def check_of_triton(config: SpeechConfig) -> Callable[[], None]:
    """What returns while the server serves the config's model, and raises what is missing. Raises BadConfig."""
    return ModelProbe(config.triton, MODEL, lambda: served_weights(models_of(config))).check
