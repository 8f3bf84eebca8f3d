"""How the filterbank stage handles one clip: its sound in pieces, then the filterbank and the facts of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array
from services.base.media.audio import AudioChunk, AudioFacts, AudioInfo, SoundFacts
from services.base.media.features import FilterbankFrames
from services.base.stage.spec import ClipJob
from services.base.stage.stream import WAVEFORM
from services.containers.audio.silence import SilenceMeter
from services.containers.audio.sinc import SincResampler
from services.features.fbank.spec import FbankConfig
from services.features.speech.filterbank import RATE_HZ, Filterbank, check_length, num_frames

_ONLY_WAVEFORM = frozenset({WAVEFORM})


def open_stage(config: FbankConfig) -> FbankStage:
    """Makes the extractor once; loads no file."""
    del config
    return FbankStage(Filterbank())


class FbankStage:
    """The opened stage (services.base.stage.spec.Consumer)."""

    def __init__(self, filterbank: Filterbank) -> None:
        self._filterbank = filterbank

    def __call__(self, job: ClipJob, info: AudioInfo | None) -> FbankOfClip:
        """Raises BadInput NO_AUDIO."""
        if info is None:
            raise BadInput("NO_AUDIO", f"{job.clip.key} has no sound: leave it out")
        return FbankOfClip(self._filterbank, job.clip.key, info)


class FbankOfClip:
    """One clip. Its sound is brought to 16 kHz as it comes, 64 kB a second."""

    wants = _ONLY_WAVEFORM

    def __init__(self, filterbank: Filterbank, name: str, info: AudioInfo) -> None:
        self._filterbank, self._name, self._info = filterbank, name, info
        self._resampler = None if info.sample_rate_hz == RATE_HZ else SincResampler(info.sample_rate_hz, RATE_HZ)
        self._silence = SilenceMeter(info.sample_rate_hz)
        self._pieces: list[Float32Array] = []
        self._num_samples = 0

    def push(self, chunk: AudioChunk) -> None:
        """Channels are averaged, should there be several."""
        samples_T: Float32Array = chunk.samples_TC.mean(axis=1, dtype=np.float64).astype(np.float32)
        self._num_samples += len(samples_T)
        self._silence.push(samples_T)
        self._pieces += [samples_T] if self._resampler is None else self._resampler.push(samples_T)

    def finish(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`filterbank` and `sound`. Raises BadInput TOO_SHORT, TOO_LONG, NOT_FINITE."""
        if self._resampler is not None:
            self._pieces += self._resampler.finish()
        samples_T = np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.float32)
        self._pieces = []
        facts: AudioFacts | None = given.get("audio_facts")
        # Whoever decodes them makes them silence, and counts them.
        num_not_finite = facts.num_not_finite if facts is not None else 0
        if num_not_finite or not np.isfinite(samples_T).all():
            raise BadInput(
                "NOT_FINITE",
                f"{self._name} has samples that are no numbers ({num_not_finite or 'some'} of them NaN or infinite): "
                "record or convert it anew, or leave it out",
            )
        check_length(num_frames(len(samples_T)), self._name)
        sound = self._sound(facts)
        return {"filterbank": FilterbankFrames(self._filterbank(samples_T)), "sound": sound}

    def _sound(self, facts: AudioFacts | None) -> SoundFacts:
        """facts: of whoever decoded the sound; None where nobody tells, as of samples that came from elsewhere."""
        info = self._info
        if facts is None:
            facts = AudioFacts(self._num_samples, self._num_samples / info.sample_rate_hz)
        num_decoded = facts.num_decoded * info.source_channels
        return SoundFacts(
            duration_s=facts.duration_s,
            source_rate_hz=info.source_rate_hz,
            source_channels=info.source_channels,
            codec=info.codec,
            peak=facts.peak,
            clipped_share=min(1.0, facts.num_clipped / num_decoded) if num_decoded else 0.0,
            silent_share=self._silence.share,
            num_gaps=facts.num_gaps,
            num_corrupt=facts.num_corrupt,
            ended_early=facts.ended_early,
            warnings=facts.warnings,
        )
