"""Which clip goes to train and which to val: by the SHA-1 of its id, so that a clip stays where it is. Pure."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence

from services.base.errors import BadConfig

TRAIN, VAL = "train", "val"
_PARTS = 1_000_000
# With a fixed number of clips in val, these are taken from the ids below it.
_CANDIDATES_BELOW = 0.5
_MAX_RELATIVE_ERROR = 0.2
_FEW = 10
# A group is skewed where its clips in val are off by more than half, and by more than chance explains; or where it has
# none though so many were to be expected.
_SKEW, _NUM_SIGMAS, _MISSED = 0.5, 4.0, 3.0
_MOST_TOLD = 3


def fraction(clip_id: str) -> float:
    """Where an id lies between 0 and 1, in steps of a millionth. Raises UnicodeEncodeError for a lone surrogate."""
    digest = hashlib.sha1(clip_id.encode("utf-8"), usedforsecurity=False).digest()
    return int.from_bytes(digest, "big") % _PARTS / _PARTS


def is_val(clip_id: str, ratio: float) -> bool:
    """Whether an id goes to val. ratio: the share of ids that do; of 0 or less none does, of 1 or more all do."""
    if ratio <= 0:
        return False
    return ratio >= 1 or fraction(clip_id) < ratio


def val_ids(ids: Iterable[str], ratio: float, count: int = 0) -> frozenset[str]:
    """The ids that go to val. ids: in the manifest's order.

    count: where it is not 0, so many go to val instead of a share: the first whose fraction is below one half. Of fewer
    there all of these, and train keeps the others. Raises BadConfig BAD_SPLIT for a negative count or a ratio that is
    no number.
    """
    check_split(ratio, count)
    if not count:
        return frozenset(one for one in ids if is_val(one, ratio))
    chosen: set[str] = set()
    for one in ids:
        if fraction(one) < _CANDIDATES_BELOW:
            chosen.add(one)
            if len(chosen) == count:
                break
    return frozenset(chosen)


def check_split(ratio: float, count: int) -> None:
    """Raises BadConfig BAD_SPLIT for a negative count or a ratio that is no number."""
    if count < 0:
        raise BadConfig("BAD_SPLIT", f"--val-count must be 0 or more, not {count}: 0 leaves the choice to --val-ratio")
    if math.isnan(ratio):
        raise BadConfig("BAD_SPLIT", "--val-ratio must be a number, such as 0.01, not nan")


def split_notes(
    in_val: Sequence[bool], ratio: float, count: int = 0, *, groups: Iterable[tuple[str, Sequence[str]]] = ()
) -> list[str]:
    """What the user should hear of a split: that it is far from what was asked for, small or skewed.

    in_val: of each clip whether it is in val. groups: say ("speaker", of each clip its speaker).
    """
    num_clips, num_val = len(in_val), sum(in_val)
    if not num_clips or (ratio <= 0 and not count):
        return []
    notes = []
    if count:
        if num_val < count:
            notes.append(_too_few(num_val, num_clips, count))
    elif 0 < ratio < 1 and abs(num_val / num_clips - ratio) > _MAX_RELATIVE_ERROR * ratio:
        notes.append(
            f"val has {num_val} of {num_clips} clips, {num_val / num_clips:.2%} where --val-ratio asks for "
            f"{ratio:.2%}: ids are split by their SHA-1, and few clips may fall unevenly; --val-count asks for a number"
        )
    if num_val < min(_FEW, num_clips):
        notes.append(
            f"val has {num_val} clips, fewer than {_FEW}: a loss over so few says little; raise --val-ratio, or give "
            "--val-count"
        )
    if 0 < num_val < num_clips:
        for kind, values in groups:
            notes += _skew_notes(kind, values, in_val)
    return notes


def _too_few(num_val: int, num_clips: int, count: int) -> str:
    return (
        f"--val-count asks for {count} clips in val, and {num_val} of {num_clips} go there: these are taken from the "
        "half of the ids whose SHA-1 is below one half, so that train is left the others; give fewer, or more clips"
    )


def _skew_notes(kind: str, values: Sequence[str], in_val: Sequence[bool]) -> list[str]:
    everywhere = Counter(values)
    if len(everywhere) < 2:
        return []
    there = Counter(value for value, chosen in zip(values, in_val, strict=True) if chosen)
    num_val, num_clips = there.total(), everywhere.total()
    skewed = []
    for value, num in everywhere.items():
        expected = num * num_val / num_clips
        if _is_skewed(expected, there[value]):
            skewed.append((abs(there[value] - expected), value, num))
    if not skewed:
        return []
    skewed.sort(key=lambda one: (-one[0], one[1]))
    told = "; ".join(
        f"{value!r} has {num / num_clips:.1%} of the clips and {there[value] / num_val:.1%} of val"
        for _, value, num in skewed[:_MOST_TOLD]
    )
    more = f"; and {len(skewed) - _MOST_TOLD} more" if len(skewed) > _MOST_TOLD else ""
    return [f"val is skewed by {kind}: {told}{more}"]


def _is_skewed(expected: float, found: int) -> bool:
    if not found:
        return expected >= _MISSED
    return abs(found - expected) > max(_SKEW * expected, _NUM_SIGMAS * math.sqrt(expected))
