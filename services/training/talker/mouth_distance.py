"""How far the lips of painted faces are from the real ones, beside faces that no network has painted. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from services.training.talker.resampling import interval_of, resampled

_TOLD = {
    "painted": "as painted",
    "random": "a random reference in its place",
    "nearest": "the reference that is nearest at the rim",
}


@dataclass(frozen=True)
class MouthDistances:
    """Sums over frames, of which there are `frames`: mean distances of the lips' points, as shares of the distance of
    the outer corners of the eyes.
    """

    frames: int = 0
    painted: float = 0.0
    random: float = 0.0
    nearest: float = 0.0

    def __add__(self, more: MouthDistances) -> MouthDistances:
        return MouthDistances(*(getattr(self, one.name) + getattr(more, one.name) for one in fields(self)))


def distance_facts(clips: Sequence[MouthDistances], seed: int) -> dict[str, Any]:
    """JSON-able: of each the mean over frames, and the interval of 95 % of resampled clips; of one clip none."""
    found = _means(clips)
    drawn = [_means(one) for one in resampled(clips, seed)] if len(clips) > 1 else []
    return {
        name: {
            "share": round(value, 5),
            "interval": [round(one, 5) for one in interval_of([means[name] for means in drawn])] if drawn else None,
        }
        for name, value in found.items()
    }


def distance_lines(facts: dict[str, Any]) -> list[str]:
    """For people, of what `distance_facts` gave."""
    lines = ["distance of the lips' points from the real ones, in % of the distance of the outer corners of the eyes"]
    for name, told in _TOLD.items():
        share, interval = facts[name]["share"], facts[name]["interval"]
        between = "" if interval is None else f" ({interval[0]:.2%} to {interval[1]:.2%})"
        lines.append(f"{told:48}{share:8.2%}{between}")
    return lines


def _means(clips: Sequence[MouthDistances]) -> dict[str, float]:
    total = sum(clips, MouthDistances())
    return {name: getattr(total, name) / max(1, total.frames) for name in _TOLD}
