"""Mouth windows as values: what a profile asks of a face, and how large its crops are. Pure; others compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CHANNELS = 3


@dataclass(frozen=True)
class PaddedBox:
    """LipTypeV2's window: each frame's box of the lips, padded, and stretched to the crop's size.

    pad_ratio_x, pad_ratio_y: of the box's width on either side, and of its height above and below. The vertical scale
    follows the mouth's opening, so a crop shows little of it. Without a face: an unscaled window at
    (w / 2, fallback_y * h). Points are in the named group "lips", whatever their topology.
    Source: https://github.com/MehtabMurtaza/LipTypeV2 (mouth_roi.py), its rules and its rounding.
    """

    name: str
    width_px: int = 100
    height_px: int = 50
    pad_ratio_x: float = 0.2
    pad_ratio_y: float = 0.3
    fallback_y: float = 0.65

    # The original takes the index of a frame for its time.
    by_time = False

    def __post_init__(self) -> None:
        _check_size(self.name, self.width_px, self.height_px, self.pad_ratio_x, self.pad_ratio_y)


@dataclass(frozen=True)
class FixedScale:
    """One scale and one shape of pixel for the whole clip; the window follows the smoothed centre of the lips.

    The window is as wide as the median distance of the mouth's corners plus pad_ratio_x of it on either side, and
    grows, in proportion, until the height_percentile of the lips' heights fits with pad_ratio_y of it above and below:
    an opening mouth stays inside. smoothing_frames: standard deviation of the Gaussian over the centre's path. Pixels
    outside the frame repeat its border.
    """

    name: str
    width_px: int = 100
    height_px: int = 50
    pad_ratio_x: float = 0.2
    pad_ratio_y: float = 0.2
    height_percentile: float = 95.0
    smoothing_frames: float = 3.0

    by_time = True

    def __post_init__(self) -> None:
        _check_size(self.name, self.width_px, self.height_px, self.pad_ratio_x, self.pad_ratio_y)
        if not 0 < self.height_percentile <= 100:
            raise ValueError(f"height_percentile must be in (0, 100], not {self.height_percentile}")
        if self.smoothing_frames <= 0:
            raise ValueError(f"smoothing_frames must be above 0, not {self.smoothing_frames}")


@dataclass(frozen=True)
class AlignedFace:
    """The face laid on a mean face in every frame, and the lips' centre in the middle of the crop.

    A similarity (turn, scale, shift) takes the centres of the eyes and of the lips, which are smoothed over time by a
    Gaussian of smoothing_frames, to those of a mean face as well as three points can be. eyes_px: between the centres
    of the mean face's eyes, in the crop's pixels; lips_px: from the line of the eyes down to the lips. Their proportion
    is that of adults (Farkas, Anthropometry of the Head and Face, 1994: 33 mm between inner and 89 mm between outer
    corners of the eyes, 68 mm from these to the mouth). Pixels outside the frame repeat its border.
    """

    name: str
    width_px: int = 96
    height_px: int = 96
    eyes_px: float = 69.0
    lips_px: float = 77.0
    smoothing_frames: float = 6.0

    by_time = True

    def __post_init__(self) -> None:
        _check_sides(self.name, self.width_px, self.height_px)
        if min(self.eyes_px, self.lips_px, self.smoothing_frames) <= 0:
            raise ValueError(
                f"eyes_px {self.eyes_px}, lips_px {self.lips_px} and smoothing_frames {self.smoothing_frames} of "
                f"{self.name} must be above 0"
            )


RoiProfile = PaddedBox | FixedScale | AlignedFace


def _check_sides(name: str, width_px: int, height_px: int) -> None:
    if min(width_px, height_px) < 2 or width_px % 2 or height_px % 2:
        raise ValueError(f"crops of {name} must have even sides of at least 2 px, not {width_px}x{height_px}")


def _check_size(name: str, width_px: int, height_px: int, pad_ratio_x: float, pad_ratio_y: float) -> None:
    _check_sides(name, width_px, height_px)
    if pad_ratio_x < 0 or pad_ratio_y < 0:
        raise ValueError(f"padding of {name} must be at least 0, not {pad_ratio_x} and {pad_ratio_y}")


PROFILES: Mapping[str, RoiProfile] = {
    profile.name: profile
    for profile in (FixedScale("fixed-scale"), PaddedBox("liptype2-v1"), AlignedFace("aligned-face"))
}


def profile_named(name: str) -> RoiProfile:
    """The profile of that name. Raises ValueError with the names there are."""
    try:
        return PROFILES[name]
    except KeyError:
        raise ValueError(f"no ROI profile {name!r}; there are {', '.join(sorted(PROFILES))}") from None


def roi_cfg(profile: RoiProfile) -> dict[str, Any]:
    """The four values that a LipTypeV2 reader knows, under its names and in its order; 0 where nothing is padded."""
    pads = (0.0, 0.0) if isinstance(profile, AlignedFace) else (profile.pad_ratio_x, profile.pad_ratio_y)
    return {"width": profile.width_px, "height": profile.height_px, "pad_ratio_x": pads[0], "pad_ratio_y": pads[1]}
