"""How near painted faces are to the pictures, beside what needs no network. Pure: numbers in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

_LEAST_ERROR = 1e-10


def psnr_db(mean_square: float) -> float:
    """Peak signal-to-noise ratio of values 0 to 1, dB; at most 100."""
    return -10 * math.log10(max(mean_square, _LEAST_ERROR))


@dataclass(frozen=True)
class PaintSums:
    """Sums over frames, of which there are `frames`. loss: as it is learnt by. psnr, mouth_psnr: dB of the painted face
    and of its mouth. copied: mouth of the reference itself.

    Sums over the frames in which somebody speaks, of which there are `voiced`. own: mouth painted for its own sound.
    other: for a frame of another clip in which somebody speaks. alike: for the frame at the same place of another clip.
    """

    frames: int = 0
    loss: float = 0.0
    psnr: float = 0.0
    mouth_psnr: float = 0.0
    copied: float = 0.0
    voiced: int = 0
    own: float = 0.0
    other: float = 0.0
    alike: float = 0.0

    def __add__(self, more: PaintSums) -> PaintSums:
        return PaintSums(*(getattr(self, one.name) + getattr(more, one.name) for one in fields(self)))

    def to_plain(self) -> dict[str, float]:
        """By name."""
        return {one.name: float(getattr(self, one.name)) for one in fields(self)}


def scores_of(sums: Mapping[str, float]) -> dict[str, float]:
    """Means. gain_db: the mouth above that of the reference. follows_db: the mouth painted for its own sound above that
    for another: 0 where a network paints from the picture alone, however near it comes (LatentSync calls it the
    shortcut, arXiv 2412.09262). same_place_db: likewise, above that for another clip's sound at the same place, which
    is much the same where clips are of one sentence. Frames in which nobody speaks do not count: to shut the mouth
    there would be enough.
    """
    num, voiced = max(1.0, sums["frames"]), max(1.0, sums["voiced"])
    means = {name: sums[name] / num for name in ("loss", "psnr", "mouth_psnr", "copied")}
    return {
        "loss": means["loss"],
        "psnr": means["psnr"],
        "mouth_psnr": means["mouth_psnr"],
        "gain_db": means["mouth_psnr"] - means["copied"],
        "follows_db": (sums["own"] - sums["other"]) / voiced,
        "same_place_db": (sums["own"] - sums["alike"]) / voiced,
    }
