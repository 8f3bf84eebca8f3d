"""Whether a record's places are its words' times: the source's rate, its holes, and words behind the cut. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.base.media.video import DecodeFacts, TimeHole, VideoInfo
from services.formats.align import Align

# What readers of GRID take a record's frames for.
RATE_HZ = 25.0
# A rate off by less is jitter of a clock: over 75 frames it moves no frame by a place.
_SAME_RATE = 0.006
# A hole of more frames swallows half a word of GRID.
LONG_HOLE_FRAMES = 5
# The last word may end a frame behind the record: its end is a silence's beginning, told to a hundredth of a second.
_SPARE_S = 1.5 / RATE_HZ


@dataclass(frozen=True)
class Timing:
    """source_rate_hz: as measured, else as declared; 0 if unknown. holes: (first place, places) in the record that have
    no frame of their own since the source lacks them; the place is below 0 where the video begins late. words_end_s,
    record_end_s: of the last word, and of the record.
    """

    source_rate_hz: float
    by_time: bool
    holes: tuple[tuple[int, int], ...]
    words_end_s: float
    record_end_s: float

    @property
    def is_other_rate(self) -> bool:
        return self.source_rate_hz > 0 and abs(self.source_rate_hz - RATE_HZ) > _SAME_RATE * RATE_HZ

    @property
    def is_label_cut(self) -> bool:
        return self.words_end_s > self.record_end_s + _SPARE_S


def timing_of(
    align: Align, ticks_per_s: int, num_frames: int, *, by_time: bool, facts: DecodeFacts | None, info: VideoInfo | None
) -> Timing:
    """Of a record of num_frames frames. by_time: its k-th frame is the one nearest to k / RATE_HZ seconds; else the
    k-th that was decoded.
    """
    rate_hz = _rate_hz(facts, info)
    places_hz = _places_hz(rate_hz, by_time=by_time)
    holes = []
    align_end_s = align.last_tick / ticks_per_s
    for hole in facts.holes if facts is not None else ():
        if hole.at_s < 0 and facts is not None and not _is_before(hole, facts.duration_s, align_end_s):
            continue
        first, num = round(hole.at_s * RATE_HZ), round(hole.length_s * RATE_HZ)
        # By index the frames behind a hole close it: it has a place, and no length.
        if num > 0 and first < num_frames:
            holes.append((first, min(num, num_frames - first)) if by_time else (first, num))
    words_end_s = max((token.end for token in align.tokens if token.words), default=0) / ticks_per_s
    return Timing(round(rate_hz, 3), by_time, tuple(holes), round(words_end_s, 3), round(num_frames / places_hz, 3))


def word_frames(
    align: Align, ticks_per_s: int, *, by_time: bool, facts: DecodeFacts | None, info: VideoInfo | None
) -> list[tuple[str, int, int]]:
    """(word in lower case, its first frame, the frame after its last) of each word, one frame or more; behind the
    record's end too. Words of one row of the alignment share its frames. by_time: as `timing_of` takes it.
    """
    frames_per_tick = _places_hz(_rate_hz(facts, info), by_time=by_time) / ticks_per_s
    found = []
    for token in align.tokens:
        start, end = (math.floor(tick * frames_per_tick + 0.5) for tick in (token.start, token.end))
        found += [(word.lower(), start, max(end, start + 1)) for word in token.words]
    return found


def _rate_hz(facts: DecodeFacts | None, info: VideoInfo | None) -> float:
    """As measured, else as declared; 0 if unknown."""
    if facts is not None and facts.rate_hz > 0:
        return facts.rate_hz
    return info.fps_hz if info is not None else 0.0


def _places_hz(rate_hz: float, *, by_time: bool) -> float:
    """Of a record's frames."""
    return RATE_HZ if by_time or rate_hz <= 0 else rate_hz


def _is_before(hole: TimeHole, duration_s: float, align_end_s: float) -> bool:
    """Whether an align that ends then counts from where that hole begins, not from the first frame."""
    return abs(align_end_s - duration_s) >= abs(align_end_s - duration_s - hole.length_s)
