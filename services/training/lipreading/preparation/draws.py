"""What is drawn at random for a clip, each by its name: the same name gives the same value, whoever draws. Pure."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Augmentation:
    """How far a clip may be changed in training. Raises ValueError.

    flip: share of clips seen in a mirror. shift: how far a crop may lie from the middle, as a share of its margin.
    brightness: gamma of at most 1 + brightness, and at least its inverse. slowest, fastest: speed, as a factor.
    num_masks: stretches of mask_frames at most, after the change of speed, in which a clip shows nothing but its mean.
    """

    flip: float = 0.5
    shift: float = 1.0
    brightness: float = 0.25
    slowest: float = 0.9
    fastest: float = 1.15
    num_masks: int = 1
    mask_frames: int = 6

    def __post_init__(self) -> None:
        if not 0 <= self.flip <= 1 or not 0 <= self.shift <= 1:
            raise ValueError(f"flip {self.flip} and shift {self.shift} must be 0..1")
        if not 0 <= self.brightness < math.inf:
            raise ValueError(f"brightness must be 0 or more, not {self.brightness}")
        if not 0.25 <= self.slowest <= self.fastest <= 4:
            raise ValueError(f"speeds must be 0.25 <= slowest <= fastest <= 4, not {self.slowest} and {self.fastest}")
        if self.num_masks < 0 or self.mask_frames < 0:
            raise ValueError(f"{self.num_masks} masks of {self.mask_frames} frames: both must be 0 or more")


AS_IT_IS = Augmentation(flip=0, shift=0, brightness=0, slowest=1, fastest=1, num_masks=0, mask_frames=0)
"""What a clip is validated and tested with."""


@dataclass(frozen=True)
class ClipDraw:
    """What was drawn for one clip. shift_yx: -1..1. speed: over 1 is faster. masks: (first frame, frames), then."""

    flip: bool
    shift_yx: tuple[float, float]
    gamma: float
    speed: float
    masks: tuple[tuple[int, int], ...]


def uniform(name: str) -> float:
    """0 <= value < 1, which follows from the name alone, on every machine."""
    drawn = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
    return (drawn >> 11) / 2.0**53


def draw_clip(augmentation: Augmentation, name: str, num_frames: int, least_frames: int = 1) -> ClipDraw:
    """name: of seed, epoch and clip. num_frames: the clip's. least_frames: a greater speed than leaves these is not
    drawn, so that the clip's text has room.
    """

    def between(what: str, low: float, high: float) -> float:
        return low + (high - low) * uniform(f"{name}/{what}")

    widest = math.log1p(augmentation.brightness)
    speed = min(between("speed", augmentation.slowest, augmentation.fastest), greatest_speed(num_frames, least_frames))
    frames_after = num_frames_at(num_frames, speed)
    masks = []
    for i in range(augmentation.num_masks):
        # Half of a short stretch is left.
        size = int(between(f"mask {i} frames", 0, min(augmentation.mask_frames, frames_after // 2) + 1))
        masks.append((int(between(f"mask {i} first", 0, frames_after - size + 1)), size))
    return ClipDraw(
        flip=uniform(f"{name}/flip") < augmentation.flip,
        shift_yx=(
            between("shift y", -augmentation.shift, augmentation.shift),
            between("shift x", -augmentation.shift, augmentation.shift),
        ),
        gamma=math.exp(between("brightness", -widest, widest)),
        speed=speed,
        masks=tuple(masks),
    )


def num_frames_at(num_frames: int, speed: float) -> int:
    """Frames of a clip at a speed: frame i is seen at i * speed of the original ones. 1 or more."""
    return int((num_frames - 1) / speed + 1e-9) + 1


def greatest_speed(num_frames: int, least_frames: int) -> float:
    """The greatest speed at which least_frames of num_frames are left; 1 where the clip has no more than these."""
    if least_frames <= 1:
        return math.inf
    return max(1.0, (num_frames - 1) / (least_frames - 1))
