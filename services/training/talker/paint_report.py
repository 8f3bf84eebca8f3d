"""What a test of a painting network found, with intervals over clips. Pure: sums in, values and text out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.training.talker.paint_scores import PaintSums, scores_of
from services.training.talker.resampling import interval_of, resampled

_TOLD = {
    "psnr": "whole face",
    "mouth_psnr": "mouth",
    "gain_db": "mouth above that of a random reference",
    "follows_db": "mouth for its own sound above that for another",
    "same_place_db": "  of another clip at the same place",
}


@dataclass(frozen=True)
class PaintTest:
    """Sums of each clip. seed: of the resampling."""

    names: tuple[str, ...]
    sums: tuple[PaintSums, ...]
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.names or len(self.names) != len(self.sums):
            raise ValueError("a test has one clip or more, and sums of each")


def facts_of(test: PaintTest) -> dict[str, Any]:
    """JSON-able: of each score the mean over frames, and the interval of 95 % of resampled clips; of one clip none."""
    found = scores_of(_total(test.sums).to_plain())
    intervals = _intervals(test)
    scores = {name: {"db": round(found[name], 3), "interval": intervals.get(name)} for name in _TOLD}
    return {
        "clips": list(test.names),
        **scores,
        "follows_sound": _follows_sound(found["follows_db"], intervals.get("follows_db")),
    }


def _follows_sound(follows_db: float, interval: Sequence[float] | None) -> bool:
    """Whether the interval lies above 0; of one clip, whether the value is above .05 dB."""
    return interval[0] > 0 if interval else follows_db > 0.05


def lines_of(test: PaintTest) -> list[str]:
    """For people: a table, and what is to be heard of it."""
    facts = facts_of(test)
    lines = [f"{len(test.names)} clips, PSNR in dB"]
    for name, told in _TOLD.items():
        interval = facts[name]["interval"]
        between = "" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})"
        lines.append(f"{told:48}{facts[name]['db']:8.2f}{between}")
    if not facts["follows_sound"]:
        lines.append("THE SOUND CHANGES NOTHING: the mouth is painted from the picture alone, however good it looks")
    return lines


def _intervals(test: PaintTest) -> dict[str, list[float]]:
    if len(test.sums) < 2:
        return {}
    drawn = [scores_of(_total(sums).to_plain()) for sums in resampled(test.sums, test.seed)]
    return {name: [round(one, 3) for one in interval_of([scores[name] for scores in drawn])] for name in _TOLD}


def _total(sums: Sequence[PaintSums]) -> PaintSums:
    return sum(sums, PaintSums())
