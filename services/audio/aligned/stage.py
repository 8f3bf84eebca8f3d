"""How one clip's sound is brought to its pictures: both pass, the frames are counted, and the samples are placed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from services.audio.aligned.ops import alignment, to_float32, to_int16
from services.audio.aligned.spec import RATE_HZ, SoundConfig
from services.base.errors import BadConfig, BadInput
from services.base.media.arrays import Int16Array
from services.base.media.audio import AlignedSound, AudioChunk, AudioInfo
from services.base.media.video import FrameChunk
from services.base.stage.spec import ClipJob
from services.base.stage.stream import FRAMES, WAVEFORM
from services.containers.audio.silence import SilenceMeter

_BOTH = frozenset({FRAMES, WAVEFORM})
# So many at a time are measured: float64 of the whole of an hour would be half a gigabyte.
_BLOCK_SAMPLES = 1 << 20


def open_stage(config: SoundConfig) -> SoundStage:
    """Loads nothing."""
    return SoundStage(config.fps)


class SoundStage:
    """The opened stage (services.base.stage.spec.Consumer)."""

    def __init__(self, fps: float) -> None:
        self._fps = fps

    def __call__(self, job: ClipJob, info: Any) -> SoundOfClip:
        del info  # of the frames
        return SoundOfClip(job.clip.key, self._fps)


class SoundOfClip:
    """One clip. Its samples are held as int16, 115 MB an hour; of its frames the time of the first and their number."""

    wants = _BOTH

    def __init__(self, name: str, fps: float) -> None:
        self._name, self._fps = name, fps
        self._first_frame_s: float | None = None
        self._num_frames = 0
        self._sound_start_s = 0.0
        self._num_samples = 0
        self._pieces: list[Int16Array] = []

    def push(self, chunk: FrameChunk | AudioChunk) -> None:
        """Raises BadConfig WRONG_RATE for samples at another rate or of several channels."""
        if isinstance(chunk, AudioChunk):
            self._hear(chunk)
        elif len(chunk):
            if self._first_frame_s is None:
                self._first_frame_s = float(chunk.pts_s[0])
            self._num_frames += len(chunk)

    def finish(self, given: Mapping[str, Any]) -> AlignedSound:
        """The sound of the frames. Raises BadInput NO_FRAMES."""
        if self._first_frame_s is None:
            raise BadInput("NO_FRAMES", f"{self._name}: not one frame came; check that it is a video")
        num_wanted = round(self._num_frames * RATE_HZ / self._fps)
        num_late = round((self._sound_start_s - self._first_frame_s) * RATE_HZ)
        placed = alignment(num_late, self._num_samples, num_wanted)
        samples_T = np.zeros(num_wanted, np.int16)
        self._copy(samples_T[placed.num_padded_start :][: placed.num_kept], placed.num_cut_start)
        peak, silent_share = _measured(samples_T)
        info: AudioInfo | None = given.get("audio_info")
        return AlignedSound(
            samples_T,
            RATE_HZ,
            self._num_frames,
            self._fps,
            self._first_frame_s,
            placed.num_cut_start,
            placed.num_padded_start,
            placed.num_cut_end,
            placed.num_padded_end,
            peak,
            silent_share,
            info.codec if info is not None else "",
            info.source_rate_hz if info is not None else 0,
        )

    def _hear(self, chunk: AudioChunk) -> None:
        if chunk.sample_rate_hz != RATE_HZ or chunk.samples_TC.shape[1] != 1:
            raise BadConfig(
                "WRONG_RATE",
                f"{self._name}: the sound comes at {chunk.sample_rate_hz} samples a second in "
                f"{chunk.samples_TC.shape[1]} channels, and {RATE_HZ} in one are needed: set sample_rate_hz {RATE_HZ} "
                "and channels 1 of the stage audio",
            )
        if not self._pieces:
            self._sound_start_s = chunk.start_s
        self._pieces.append(to_int16(chunk.samples_TC[:, 0]))
        self._num_samples += len(chunk)

    def _copy(self, out_T: Int16Array, first: int) -> None:
        """Samples of the sound from `first` on; they are let go of with it."""
        place, pieces = -first, self._pieces
        self._pieces = []
        for piece_T in pieces:
            begin, end = max(0, place), min(len(out_T), place + len(piece_T))
            if begin < end:
                out_T[begin:end] = piece_T[begin - place : end - place]
            place += len(piece_T)


def _measured(samples_T: Int16Array) -> tuple[float, float]:
    """The peak, 1.0 at full scale, and the share of silent windows."""
    silence, peak = SilenceMeter(RATE_HZ), 0.0
    for first in range(0, len(samples_T), _BLOCK_SAMPLES):
        block_T = to_float32(samples_T[first : first + _BLOCK_SAMPLES])
        silence.push(block_T)
        peak = max(peak, float(np.abs(block_T).max()))
    return peak, silence.share
