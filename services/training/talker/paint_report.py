"""What a test of a painting network found, with intervals over clips. Pure: sums in, values and text out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.training.talker.paint_scores import FIT_WAYS, NEAR_WAYS, PaintSums, scores_of
from services.training.talker.resampling import LEAST_BLOCKS, interval_of, resampled

_TOLD = {
    "psnr": "whole face",
    "mouth_psnr": "mouth",
    "gain_db": "mouth above that of a random reference",
    "nearest_gain_db": "mouth above that of the nearest reference",
    "mean_gain_db": "mouth above that of the mean crop",
    "follows_db": "mouth for its own sound above that for another",
    "same_place_db": "  of another clip at the same place",
}
_WAYS = {
    "own": "painted for its own sound",
    "other": "painted for another sound",
    "random": "random reference",
    "nearest": "nearest reference",
    "mean": "mean crop",
    "picture": "the picture itself",
}


@dataclass(frozen=True)
class PaintTest:
    """Sums of each clip. seed: of the resampling. seconds: where there is one clip alone, sums of each of these."""

    names: tuple[str, ...]
    sums: tuple[PaintSums, ...]
    seed: int = 1
    seconds: tuple[PaintSums, ...] = ()

    def __post_init__(self) -> None:
        if not self.names or len(self.names) != len(self.sums):
            raise ValueError("a test has one clip or more, and sums of each")


def facts_of(test: PaintTest) -> dict[str, Any]:
    """JSON-able: of each score the mean over frames, and the interval of 95 % of resampled clips, or of one clip's
    seconds, of a few of which there is none. faces: the same measures of painted faces and of what needs no network.
    """
    total = _total(test.sums)
    found = scores_of(total.to_plain())
    intervals = _intervals(test)
    scores = {name: {"db": round(found[name], 3), "interval": intervals.get(name)} for name in _TOLD}
    return {
        "clips": list(test.names),
        **scores,
        "faces": {way: facts for way in _WAYS if (facts := _face(total, way))},
        "follows_sound": _follows_sound(intervals.get("follows_db")),
    }


def _face(total: PaintSums, way: str) -> dict[str, float]:
    facts: dict[str, float] = {}
    num = max(1, total.frames)
    if way in NEAR_WAYS:
        near = total.near[way]
        facts["psnr"], facts["mouth_psnr"] = round(near.psnr / num, 2), round(near.mouth_psnr / num, 2)
        facts["ssim"] = round(near.ssim / num, 4)
    if way in FIT_WAYS and (fit := total.fit[way]).clips:
        facts |= {"offsets_right": int(fit.right), "offsets": int(fit.clips)}
        facts["confidence"] = round(fit.confidence / fit.clips, 3)
    return facts


def _follows_sound(interval: Sequence[float] | None) -> bool:
    """Whether it lies above 0; without one nothing has shown it."""
    return interval is not None and interval[0] > 0


def lines_of(test: PaintTest) -> list[str]:
    """For people: tables, and what is to be heard of them."""
    facts = facts_of(test)
    is_synced = "offsets" in facts["faces"]["own"]
    head = f"{f'{len(test.names)} clips':28}{'PSNR dB':>9}{'mouth dB':>10}{'SSIM':>8}"
    lines = [head + (f"{'offset within 1':>17}{'confidence':>12}" if is_synced else "")]
    for way, face in facts["faces"].items():
        near = f"{face['psnr']:9.2f}{face['mouth_psnr']:10.2f}{face['ssim']:8.4f}" if "psnr" in face else " " * 27
        of = f"{face['offsets_right']} of {face['offsets']}" if "offsets" in face else ""
        fit = f"{of:>17}{face['confidence']:12.3f}" if of else ""
        lines.append(f"{_WAYS[way]:28}{near}{fit}")
    for name, told in _TOLD.items():
        interval = facts[name]["interval"]
        between = "" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})"
        lines.append(f"{told:48}{facts[name]['db']:8.2f} dB{between}")
    if facts["follows_db"]["interval"] is None:
        lines.append(
            f"NOTHING SHOWS THAT THE SOUND CHANGES THE MOUTH: less than {LEAST_BLOCKS} s of one clip have no interval; "
            "take it that it is painted from the picture alone, however good it looks"
        )
    elif not facts["follows_sound"]:
        lines.append("THE SOUND CHANGES NOTHING: the mouth is painted from the picture alone, however good it looks")
    return lines


def _intervals(test: PaintTest) -> dict[str, list[float]]:
    units = test.sums if len(test.sums) > 1 else test.seconds
    if len(test.sums) == 1 and len(units) < LEAST_BLOCKS:
        return {}
    drawn = [scores_of(_total(sums).to_plain()) for sums in resampled(units, test.seed)]
    return {name: [round(one, 3) for one in interval_of([scores[name] for scores in drawn])] for name in _TOLD}


def _total(sums: Sequence[PaintSums]) -> PaintSums:
    return sum(sums, PaintSums())
