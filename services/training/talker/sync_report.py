"""What a test of lips and sound found, beside what would be found by chance. Pure: counts in, values and text out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.training.talker.resampling import LEAST_BLOCKS, interval_of, resampled
from services.training.talker.sync_scores import SyncCounts

_COLLAPSED = 0.05

Interval = tuple[float, float]


@dataclass(frozen=True)
class Share:
    """Of right answers, with the interval that 95 % of resampled clips give, or of one clip's seconds."""

    value: float
    interval: Interval

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.interval[0]:.1%} to {self.interval[1]:.1%})"


@dataclass(frozen=True)
class SyncTest:
    """Counts of each clip: own, with its sound; permuted, with its windows of sound in another order; other, with the
    sound of another clip at the same place, None where there is one clip alone. late: with its sound LATE_FRAMES late.
    own_seconds, permuted_seconds: where there is one clip alone, counts of each of its seconds.
    """

    names: tuple[str, ...]
    own: tuple[SyncCounts, ...]
    permuted: tuple[SyncCounts, ...]
    other: tuple[SyncCounts, ...] | None
    late: tuple[SyncCounts, ...]
    seed: int = 1
    own_seconds: tuple[SyncCounts, ...] = ()
    permuted_seconds: tuple[SyncCounts, ...] = ()

    def __post_init__(self) -> None:
        if not self.names or {len(self.own), len(self.permuted), len(self.late)} != {len(self.names)}:
            raise ValueError("a test has one clip or more, and counts of each")


LATE_FRAMES = 5


def frames(counts: Sequence[SyncCounts]) -> float:
    """Share of right answers of single voiced frames; .5 where there are none."""
    return _share(counts, lambda one: one.frames_right, lambda one: one.frames)


def windows(counts: Sequence[SyncCounts]) -> float:
    """Likewise of windows of a second."""
    return _share(counts, lambda one: one.windows_right, lambda one: one.windows)


def offsets(counts: Sequence[SyncCounts], expected: int = 0) -> tuple[int, int]:
    """(clips whose offset is within a frame of the expected one, clips with an offset at all)."""
    known = [one.offset_frames for one in counts if one.offset_frames is not None]
    return sum(abs(offset - expected) <= 1 for offset in known), len(known)


def shared(
    counts: Sequence[SyncCounts],
    of: Callable[[Sequence[SyncCounts]], float],
    seed: int,
    seconds: Sequence[SyncCounts] = (),
) -> Share:
    """A share with its interval: clips are drawn with repetition, seeded; of one alone its seconds. Of a few of these
    the share may be anything.
    """
    if len(counts) == 1 and len(seconds) < LEAST_BLOCKS:
        return Share(of(counts), (0.0, 1.0))
    units = counts if len(counts) > 1 else seconds
    return Share(of(counts), interval_of([of(drawn) for drawn in resampled(units, seed)]))


def facts_of(test: SyncTest) -> dict[str, Any]:
    """JSON-able."""
    found: dict[str, Any] = {"clips": list(test.names)}
    for name, counts in _columns(test).items():
        right, known = offsets(counts)
        found[name] = {
            "frames": _plain(shared(counts, frames, test.seed, _seconds(test, name))),
            "windows": _plain(shared(counts, windows, test.seed, _seconds(test, name))),
            "offsets_right": right,
            "offsets": known,
        }
    right, known = offsets(test.late, LATE_FRAMES)
    found["late"] = {"shift_frames": LATE_FRAMES, "found": right, "offsets": known}
    found["has_collapsed"] = has_collapsed(test.own)
    found["is_better_than_chance"] = is_better_than_chance(test)
    return found


def is_better_than_chance(test: SyncTest) -> bool:
    """Whether the interval of single frames lies above one half."""
    return shared(test.own, frames, test.seed, test.own_seconds).interval[0] > 0.5


def has_collapsed(counts: Sequence[SyncCounts]) -> bool:
    """Whether the mean likenesses of right and of shifted sounds are within .05 of each other."""
    pairs = sum(one.pairs for one in counts)
    apart = abs(sum(one.own for one in counts) - sum(one.shifted for one in counts))
    return pairs > 0 and apart / pairs < _COLLAPSED


def lines_of(test: SyncTest) -> list[str]:
    """For people: a table, what it is of, and what is to be heard of it."""
    heads = {
        "own": "its own sound",
        "permuted": "windows of sound in another order",
        "other": "the sound of another clip",
    }
    about = "a frame, or a second, is right where its own sound is more like it than one 5 to 15 frames away"
    lines = [f"{len(test.names)} clips; {about}"]
    lines.append(f"{'':36}{'seconds':>28}{'voiced frames':>28}{'offset within 1':>18}")
    for name, counts in _columns(test).items():
        right, known = offsets(counts)
        seconds, single = (shared(counts, of, test.seed, _seconds(test, name)) for of in (windows, frames))
        lines.append(f"{heads[name]:36}{seconds!s:>28}{single!s:>28}{f'{right} of {known}':>18}")
    right, known = offsets(test.late, LATE_FRAMES)
    lines.append(f"sound {LATE_FRAMES} frames late: found so in {right} of {known} clips")
    if len(test.names) == 1 and len(test.own_seconds) < LEAST_BLOCKS:
        lines.append(f"less than {LEAST_BLOCKS} s of one clip tell nothing: the shares may be anything")
    if has_collapsed(test.own):
        lines.append("COLLAPSED: right and shifted sounds are as like a face as each other; begin the training anew")
    if not is_better_than_chance(test):
        lines.append("AT CHANCE: what was held out says nothing of this network; it is not to be used as a loss")
    return lines


def _columns(test: SyncTest) -> Mapping[str, Sequence[SyncCounts]]:
    others = {} if test.other is None else {"other": test.other}
    return {"own": test.own, "permuted": test.permuted, **others}


def _seconds(test: SyncTest, name: str) -> Sequence[SyncCounts]:
    return {"own": test.own_seconds, "permuted": test.permuted_seconds}.get(name, ())


def _plain(share: Share) -> dict[str, Any]:
    return {"share": round(share.value, 4), "interval": [round(one, 4) for one in share.interval]}


def _share(
    counts: Sequence[SyncCounts], right: Callable[[SyncCounts], float], num: Callable[[SyncCounts], int]
) -> float:
    total = sum(num(one) for one in counts)
    return sum(right(one) for one in counts) / total if total else 0.5
