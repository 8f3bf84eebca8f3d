"""How near painted faces are to the pictures, beside what needs no network. Pure: numbers in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TypeVar

from services.training.talker.mouth_distance import MouthDistances

_LEAST_ERROR = 1e-10

S = TypeVar("S")


def psnr_db(mean_square: float) -> float:
    """Peak signal-to-noise ratio of values 0 to 1, dB; at most 100."""
    return -10 * math.log10(max(mean_square, _LEAST_ERROR))


@dataclass(frozen=True)
class Nearness:
    """Sums over frames of what a face is to the picture: psnr, and that of its mouth, dB; ssim, 1 for the same."""

    psnr: float = 0.0
    mouth_psnr: float = 0.0
    ssim: float = 0.0


@dataclass(frozen=True)
class Fit:
    """Sums over clips of how a SyncNet finds faces to fit the clip's sound. clips: with voiced frames. right: whose
    offset is within a frame of none. confidence: by how much the likeness at the offset is above its median.
    """

    clips: float = 0.0
    right: float = 0.0
    confidence: float = 0.0


@dataclass(frozen=True)
class Spoken:
    """Sums over the frames in which somebody speaks, of mouths in dB. own: painted for its own sound. other: for a
    frame of another clip in which somebody speaks. alike: for the frame at the same place of another clip.
    """

    frames: float = 0.0
    own: float = 0.0
    other: float = 0.0
    alike: float = 0.0


NEAR_WAYS = ("own", "other", "random", "nearest", "mean")
FIT_WAYS = ("own", "other", "random", "picture")


@dataclass(frozen=True)
class PaintSums:
    """Sums over frames, of which there are `frames`. loss: as it is learnt by. near, fit: by whose face it is: painted
    for its own sound, or for another's; the random reference, the nearest one, the mean of the crops, which need no
    network; or the picture itself. spoken: of the frames in which somebody speaks. lips: where they were looked for.
    """

    frames: int = 0
    loss: float = 0.0
    near: Mapping[str, Nearness] = field(default_factory=lambda: dict.fromkeys(NEAR_WAYS, Nearness()))
    fit: Mapping[str, Fit] = field(default_factory=lambda: dict.fromkeys(FIT_WAYS, Fit()))
    spoken: Spoken = Spoken()
    lips: MouthDistances = field(default_factory=MouthDistances)

    def __add__(self, more: PaintSums) -> PaintSums:
        return PaintSums(
            self.frames + more.frames,
            self.loss + more.loss,
            {way: _added(one, more.near[way]) for way, one in self.near.items()},
            {way: _added(one, more.fit[way]) for way, one in self.fit.items()},
            _added(self.spoken, more.spoken),
            self.lips + more.lips,
        )

    def to_plain(self) -> dict[str, float]:
        """By name: frames, loss, own.psnr, own.fit.clips and so on; the same names whatever was measured."""
        plain = {"frames": float(self.frames), "loss": self.loss}
        for way, near in self.near.items():
            plain |= {f"{way}.{one.name}": getattr(near, one.name) for one in fields(near)}
        for way, fit in self.fit.items():
            plain |= {f"{way}.fit.{one.name}": getattr(fit, one.name) for one in fields(fit)}
        plain |= {f"spoken.{one.name}": getattr(self.spoken, one.name) for one in fields(Spoken)}
        return plain | {f"lips.{one.name}": float(getattr(self.lips, one.name)) for one in fields(MouthDistances)}


def scores_of(sums: Mapping[str, float]) -> dict[str, float]:
    """Means. gain_db, nearest_gain_db, mean_gain_db: the mouth above that of a random reference, of the nearest one, of
    the mean crop. follows_db: the mouth painted for its own sound above that for another: 0 where a network paints from
    the picture alone, however near it comes (LatentSync calls it the shortcut, arXiv 2412.09262). same_place_db:
    likewise, above that for another clip's sound at the same place, which is much the same where clips are of one
    sentence. Frames in which nobody speaks do not count in these two: to shut the mouth there would be enough.
    sync_error, sync_confidence: where a SyncNet was asked; the share of clips whose offset is not found, and how sure
    it is. lip_distance: where a network of landmarks was asked; of the lips' points from the real ones, a share of the
    distance of the outer corners of the eyes; random_, nearest_lip_distance: those of a reference in its place.
    """
    num, spoken = max(1.0, sums["frames"]), max(1.0, sums["spoken.frames"])
    mouth = {way: sums[f"{way}.mouth_psnr"] / num for way in NEAR_WAYS}
    scores = {
        "loss": sums["loss"] / num,
        "psnr": sums["own.psnr"] / num,
        "ssim": sums["own.ssim"] / num,
        "mouth_psnr": mouth["own"],
        "gain_db": mouth["own"] - mouth["random"],
        "nearest_gain_db": mouth["own"] - mouth["nearest"],
        "mean_gain_db": mouth["own"] - mouth["mean"],
        "follows_db": (sums["spoken.own"] - sums["spoken.other"]) / spoken,
        "same_place_db": (sums["spoken.own"] - sums["spoken.alike"]) / spoken,
    }
    if num_clips := sums["own.fit.clips"]:
        scores["sync_error"] = 1 - sums["own.fit.right"] / num_clips
        scores["sync_confidence"] = sums["own.fit.confidence"] / num_clips
    if num_looked_at := sums["lips.frames"]:
        scores["lip_distance"] = sums["lips.painted"] / num_looked_at
        scores["random_lip_distance"] = sums["lips.random"] / num_looked_at
        scores["nearest_lip_distance"] = sums["lips.nearest"] / num_looked_at
    return scores


def _added(one: S, more: S) -> S:
    kind: type[S] = type(one)
    return kind(*(getattr(one, name) + getattr(more, name) for name in kind.__dataclass_fields__))  # type: ignore[attr-defined]
