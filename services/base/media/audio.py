"""The sound of a clip, its samples, and what decoding found out about it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.base.media.arrays import Float32Array, Float64Array, Int16Array
from services.base.media.video import TimeHole


@dataclass(frozen=True)
class AudioInfo:
    """What a sound is, as it is delivered and as it was found.

    sample_rate_hz, num_channels: of the samples delivered. source_rate_hz, source_channels: of those decoded.
    codec, sample_format: FFmpeg's names. start_s: presentation time of the first sample. duration_s: as the container
    declares, 0 if it does not; nothing may rest on it. stream_index, num_audio_streams: which stream was taken, out of
    how many with sound.
    """

    sample_rate_hz: int
    num_channels: int
    codec: str
    sample_format: str
    source_rate_hz: int
    source_channels: int
    start_s: float = 0.0
    duration_s: float = 0.0
    stream_index: int = 0
    num_audio_streams: int = 1

    def __post_init__(self) -> None:
        for name in ("sample_rate_hz", "num_channels", "source_rate_hz", "source_channels"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} of a sound must be 1 or more, not {getattr(self, name)}")


@dataclass(frozen=True)
class AudioChunk:
    """Consecutive samples. samples_TC: float32 [T, C], full scale is -1..1, and peaks may lie beyond.

    first_sample: index of samples_TC[0] in the sound. sample_rate_hz: samples a second. start_s: presentation time of
    the sound's sample 0, so that sample n is heard at start_s + n / sample_rate_hz.
    """

    first_sample: int
    samples_TC: Float32Array
    sample_rate_hz: int
    start_s: float = 0.0

    def __post_init__(self) -> None:
        if self.samples_TC.dtype != np.float32 or self.samples_TC.ndim != 2 or self.samples_TC.shape[1] < 1:
            raise ValueError(f"samples must be float32 [T,C], not {self.samples_TC.dtype} {self.samples_TC.shape}")
        if self.first_sample < 0 or self.sample_rate_hz < 1:
            raise ValueError(
                f"first_sample must be 0 or more and sample_rate_hz above 0, not {self.first_sample}, "
                f"{self.sample_rate_hz}"
            )

    def __len__(self) -> int:
        return len(self.samples_TC)

    @property
    def times_s_T(self) -> Float64Array:
        """Presentation time of each sample, float64 [T]."""
        return self.start_s + (self.first_sample + np.arange(len(self), dtype=np.float64)) / self.sample_rate_hz

    @property
    def end_s(self) -> float:
        """When its last sample is over."""
        return self.start_s + (self.first_sample + len(self)) / self.sample_rate_hz


@dataclass(frozen=True)
class AudioFacts:
    """What the decoder had to say once the last sample was out; never an error, always reported.

    num_samples: delivered, a channel. duration_s: how long they last. num_decoded: samples that left the decoder, a
    channel, at the source's rate. resampled, mixed_down: whether rate or channels were changed.
    num_gaps, gap_s: places where samples are missing by their times, filled with silence, and their length in all;
    gaps: the first MAX_HOLES of them, from the first sample.
    num_overlaps, overlap_s: places where samples lie on others by their times, and how much was left out for it.
    num_restarts: places where the times begin anew; what follows was put behind what came before. num_derived_pts:
    frames of samples without a time of their own.
    num_corrupt: packets that the decoder refused or the demuxer flagged, and frames that the decoder flagged.
    num_clipped: samples at full scale or beyond it, as decoded. peak: the largest of them, 1.0 at full scale.
    num_not_finite: samples that were no number, replaced by 0.
    ended_early: the stream broke off with an error. warnings: the decoder's own lines, deduplicated, bounded.
    """

    num_samples: int
    duration_s: float
    num_decoded: int = 0
    resampled: bool = False
    mixed_down: bool = False
    num_gaps: int = 0
    gap_s: float = 0.0
    gaps: tuple[TimeHole, ...] = ()
    num_overlaps: int = 0
    overlap_s: float = 0.0
    num_restarts: int = 0
    num_derived_pts: int = 0
    num_corrupt: int = 0
    num_clipped: int = 0
    num_not_finite: int = 0
    peak: float = 0.0
    ended_early: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, float]:
        """What this adds to the counts of a run."""
        return {"audio_s": self.duration_s}


@dataclass(frozen=True)
class SoundFacts:
    """What is known of a clip's whole sound, as decoded, for whoever judges it without having heard it.

    duration_s: measured. source_rate_hz, source_channels, codec: as of AudioInfo. peak: 1.0 at full scale.
    clipped_share: of the samples decoded, at full scale or beyond it, 0 to 1. silent_share: of windows of 10 ms, of an
    RMS below -60 dBFS, 0 to 1. These three are None where the header was read alone. num_gaps, num_corrupt,
    ended_early, warnings: as of AudioFacts.
    """

    duration_s: float
    source_rate_hz: int
    source_channels: int
    codec: str
    peak: float | None = None
    clipped_share: float | None = None
    silent_share: float | None = None
    num_gaps: int = 0
    num_corrupt: int = 0
    ended_early: bool = False
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # JSON knows no tuples.
        object.__setattr__(self, "warnings", tuple(self.warnings))
        for name, share in (("clipped_share", self.clipped_share), ("silent_share", self.silent_share)):
            if share is not None and not 0 <= share <= 1:
                raise ValueError(f"{name} of a sound must be from 0 to 1, not {share}")

    def summary(self) -> dict[str, Any]:
        """What `once` shows."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class AlignedSound:
    """The sound of a clip's pictures: it begins when the first one is shown and lasts exactly as long as all of them.

    samples_T: int16 [T], one channel, T = round(num_frames * sample_rate_hz / fps), full scale 32768. num_frames, fps:
    of the pictures. start_s: presentation time of the first one, and so of samples_T[0].
    num_cut_start, num_cut_end: samples of the source before and after the pictures, left out. num_padded_start,
    num_padded_end: samples of silence put where the pictures have no sound.
    peak: of samples_T, 1.0 at full scale. silent_share: of its windows of 10 ms, of an RMS below -60 dBFS, 0 to 1.
    codec, source_rate_hz: as of AudioInfo.
    """

    samples_T: Int16Array
    sample_rate_hz: int
    num_frames: int
    fps: float
    start_s: float = 0.0
    num_cut_start: int = 0
    num_padded_start: int = 0
    num_cut_end: int = 0
    num_padded_end: int = 0
    peak: float = 0.0
    silent_share: float = 0.0
    codec: str = ""
    source_rate_hz: int = 0

    def __post_init__(self) -> None:
        if self.samples_T.dtype != np.int16 or self.samples_T.ndim != 1:
            raise ValueError(f"samples_T must be int16 [T], not {self.samples_T.dtype} {self.samples_T.shape}")
        if self.sample_rate_hz < 1 or self.num_frames < 1 or not self.fps > 0:
            raise ValueError(
                f"sample_rate_hz and num_frames must be 1 or more and fps above 0, not {self.sample_rate_hz}, "
                f"{self.num_frames}, {self.fps}"
            )
        num_samples = round(self.num_frames * self.sample_rate_hz / self.fps)
        if len(self.samples_T) != num_samples:
            raise ValueError(
                f"{self.num_frames} frames at {self.fps} a second are {num_samples} samples, not {len(self.samples_T)}"
            )
        counts = (self.num_cut_start, self.num_padded_start, self.num_cut_end, self.num_padded_end)
        if min(counts) < 0 or self.num_padded_start + self.num_padded_end > num_samples:
            raise ValueError(f"cut and padded samples must be 0 or more, and at most {num_samples} padded: {counts}")
        if not 0 <= self.silent_share <= 1:
            raise ValueError(f"silent_share of a sound must be from 0 to 1, not {self.silent_share}")

    @property
    def duration_s(self) -> float:
        """How long its samples last."""
        return len(self.samples_T) / self.sample_rate_hz

    @property
    def is_silent(self) -> bool:
        """Whether no window of it holds a sound."""
        return self.silent_share >= 1

    def summary(self) -> dict[str, Any]:
        """What `once` shows."""
        facts = {name: value for name, value in vars(self).items() if name != "samples_T"}
        return {"num_samples": len(self.samples_T), **facts, "is_silent": self.is_silent}
