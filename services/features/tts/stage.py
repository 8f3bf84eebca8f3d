"""How speech handles one clip: its sound in pieces, then everything that IndexTTS-2 trains on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array
from services.base.media.audio import AudioChunk, AudioInfo
from services.base.media.features import SpeechFeatures
from services.base.stage.spec import ClipJob
from services.base.stage.stream import WAVEFORM
from services.containers.audio.sinc import SincResampler
from services.features.speech.extraction import SpeechExtractor, check_length
from services.features.speech.filterbank import RATE_HZ, Filterbank, num_frames
from services.features.tts.opening import open_extractor
from services.features.tts.spec import SpeechConfig

_ONLY_WAVEFORM = frozenset({WAVEFORM})


def open_stage(config: SpeechConfig) -> SpeechStage:
    """Loads the networks once. Raises BadConfig as `open_extractor` does."""
    return SpeechStage(open_extractor(config), Filterbank())


class SpeechStage:
    """The opened stage (services.base.stage.spec.Consumer). Clips are computed one by one, so that their bytes are
    functions of the clip.
    """

    def __init__(self, extractor: SpeechExtractor, filterbank: Filterbank) -> None:
        self._extractor, self._filterbank = extractor, filterbank

    def __call__(self, job: ClipJob, info: AudioInfo | None) -> SpeechOfClip:
        if info is None:
            raise BadInput("NO_AUDIO", f"{job.clip.key} has no sound: leave it out")
        return SpeechOfClip(self._extractor, self._filterbank, job.clip.key, info)


class SpeechOfClip:
    """One clip. Its sound is brought to 16 kHz as it comes, 64 kB a second."""

    wants = _ONLY_WAVEFORM

    def __init__(self, extractor: SpeechExtractor, filterbank: Filterbank, name: str, info: AudioInfo) -> None:
        self._extractor, self._filterbank, self._name = extractor, filterbank, name
        self._resampler = None if info.sample_rate_hz == RATE_HZ else SincResampler(info.sample_rate_hz, RATE_HZ)
        self._pieces: list[Float32Array] = []

    def push(self, chunk: AudioChunk) -> None:
        """Channels are averaged, should there be several."""
        samples_T: Float32Array = chunk.samples_TC.mean(axis=1, dtype=np.float64).astype(np.float32)
        self._pieces += [samples_T] if self._resampler is None else self._resampler.push(samples_T)

    def finish(self, given: Mapping[str, Any]) -> SpeechFeatures:
        """Raises BadInput TOO_SHORT, TOO_LONG, NOT_FINITE, FEATURES_NOT_FINITE."""
        del given
        if self._resampler is not None:
            self._pieces += self._resampler.finish()
        samples_T = np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.float32)
        if not np.isfinite(samples_T).all():
            raise BadInput("NOT_FINITE", f"{self._name} has samples that are no numbers: decode it to whole numbers")
        check_length(num_frames(len(samples_T)), self._name)
        (features,) = self._extractor([self._filterbank(samples_T)], [self._name])
        return features
