"""How a sound alone is brought to a whole number of pictures."""

from __future__ import annotations

from typing import Any

from services.audio.aligned.spec import RATE_HZ, SoundConfig
from services.audio.aligned.stage import SoundOfClip
from services.base.media.audio import AudioChunk
from services.base.stage.spec import ClipJob
from services.base.stage.stream import WAVEFORM


def open_stage(config: SoundConfig) -> VoiceStage:
    """Loads nothing."""
    return VoiceStage(config.fps)


class VoiceStage:
    """The opened stage (services.base.stage.spec.Consumer)."""

    def __init__(self, fps: float) -> None:
        self._fps = fps

    def __call__(self, job: ClipJob, info: Any) -> VoiceOfClip:
        del info
        return VoiceOfClip(job.clip.key, self._fps)


class VoiceOfClip(SoundOfClip):
    """One sound: pictures begin with it, and are as many as fit best, one at least."""

    wants = frozenset({WAVEFORM})

    def push(self, chunk: Any) -> None:
        """Raises BadConfig as `SoundOfClip` does."""
        assert isinstance(chunk, AudioChunk)
        super().push(chunk)
        if self._first_frame_s is None:
            self._first_frame_s = chunk.start_s
        self._num_frames = max(1, round(self._num_samples * self._fps / RATE_HZ))
