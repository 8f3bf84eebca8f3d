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
    and of its mouth. copied: mouth of the reference itself. other: mouth painted for the sound of somebody, or of
    somewhere, else.
    """

    frames: int = 0
    loss: float = 0.0
    psnr: float = 0.0
    mouth_psnr: float = 0.0
    copied: float = 0.0
    other: float = 0.0

    def __add__(self, more: PaintSums) -> PaintSums:
        return PaintSums(*(getattr(self, one.name) + getattr(more, one.name) for one in fields(self)))

    def to_plain(self) -> dict[str, float]:
        """By name."""
        return {one.name: float(getattr(self, one.name)) for one in fields(self)}


def scores_of(sums: Mapping[str, float]) -> dict[str, float]:
    """Means. gain_db: the mouth above that of the reference. follows_db: the mouth painted for its own sound above that
    for another: 0 where a network paints from the picture alone, however near it comes (LatentSync calls it the
    shortcut, arXiv 2412.09262).
    """
    num = max(1.0, sums["frames"])
    means = {name: value / num for name, value in sums.items() if name != "frames"}
    return {
        "loss": means["loss"],
        "psnr": means["psnr"],
        "mouth_psnr": means["mouth_psnr"],
        "gain_db": means["mouth_psnr"] - means["copied"],
        "follows_db": means["mouth_psnr"] - means["other"],
    }
