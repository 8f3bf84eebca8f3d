"""The mouth of the demo corpus: lips that part, narrow and spread, teeth and tongue, and the jaw that follows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from services.base.media.arrays import Float32Array
from services.corpus.drawing.look import Look
from services.corpus.drawing.paint import Canvas, Plane, darker, lay, mixed, soft

MOUTH_Y = 1.015
# The widest that lips part, in head units; the drawn gap is opening * this.
WIDEST_GAP = 0.34
_HALF_WIDTH = 0.365
_JAW_PER_OPENING = 0.15


@dataclass(frozen=True)
class MouthPose:
    """opening: 0 shut to 1 wide. width: -1 drawn in to 1 spread. rounding: 0..1, lips pushed forward."""

    opening: float
    width: float
    rounding: float

    def __post_init__(self) -> None:
        if not (0 <= self.opening <= 1 and -1 <= self.width <= 1 and 0 <= self.rounding <= 1):
            raise ValueError(f"a mouth pose must lie in 0..1, -1..1 and 0..1: {self!r}")


def drop_jaw(picture_HWC: Float32Array, canvas: Canvas, opening: float) -> None:
    """Stretch the face below the mouth downwards, in place."""
    rows, columns, part = canvas.part(-1.15, 0.95, 1.15, -0.02 + canvas.top + canvas.height_px / canvas.px_per_unit)
    x, y = part.grid()
    chin = soft(y - 1.22, 0.55) * (0.25 + 0.75 * np.exp(-((x / 0.75) ** 4)))
    moved = chin * np.float32(_JAW_PER_OPENING * opening * part.px_per_unit)
    from_x = np.broadcast_to(np.arange(part.width_px, dtype=np.float32)[None, :], moved.shape)
    from_y = np.arange(part.height_px, dtype=np.float32)[:, None] - moved
    face = np.ascontiguousarray(picture_HWC[rows, columns])
    picture_HWC[rows, columns] = cv2.remap(
        face, np.ascontiguousarray(from_x), from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


@dataclass(frozen=True)
class _Lips:
    """Heights of the four edges over x, all float32 [1, W], and how far along the mouth each x lies."""

    along: Plane
    top: Plane
    upper: Plane
    lower: Plane
    bottom: Plane
    gap: float


def lay_mouth(picture_HWC: Float32Array, look: Look, canvas: Canvas, pose: MouthPose) -> None:
    """Paint the mouth in place, where the head is opaque."""
    rows, columns, part = canvas.part(-0.62, 0.72, 0.62, 1.56)
    picture = picture_HWC[rows, columns, :3]
    x, y = part.grid()
    lips = _edges(look, x, pose)
    _lay_around(picture, look, x, y, lips)
    _lay_inside(picture, look, y, lips)
    _lay_lips(picture, look, y, lips)


def _edges(look: Look, x: Plane, pose: MouthPose) -> _Lips:
    half = _HALF_WIDTH * (1 + 0.13 * pose.width - 0.22 * pose.rounding - 0.05 * pose.opening)
    full = look.lip_weight * (1 + 0.18 * pose.rounding - 0.08 * pose.width)
    along = np.clip(x / np.float32(half), -1.3, 1.3)
    inside = np.clip(1 - along**2, 0, 1)
    gap = WIDEST_GAP * pose.opening
    rest = MOUTH_Y - 0.032 * along**2 + 0.10 * gap
    parted = np.clip(1 - np.abs(along / 0.93) ** 2.3, 0, 1)
    seam = rest + 0.012 * np.exp(-((along / 0.22) ** 2)) - 0.010 * np.exp(-(((np.abs(along) - 0.5) / 0.25) ** 2))
    upper = seam - 0.24 * gap * parted**0.8
    lower = seam + 0.76 * gap * parted**0.6
    bow = 1 - 0.20 * np.exp(-((along / 0.13) ** 2)) + 0.06 * np.exp(-(((np.abs(along) - 0.27) / 0.16) ** 2))
    top = upper - 0.105 * full * inside**0.95 * bow
    bottom = lower + 0.150 * full * inside**0.58 * (1 - 0.10 * pose.opening)
    return _Lips(along, top, upper, lower, bottom, gap)


def _lay_around(picture: Float32Array, look: Look, x: Plane, y: Plane, lips: _Lips) -> None:
    """Shadow below the lower lip and at the corners."""
    below = y - lips.bottom - 0.055
    shade = np.exp(-((below / 0.045) ** 2)) * np.exp(-((x / 0.20) ** 2))
    lay(picture, darker(look.skin, 0.62), (0.42 * shade))
    corner = np.hypot((np.abs(lips.along) - 1.02) / 0.14, (y - lips.upper) / 0.045)
    lay(picture, darker(look.skin, 0.50), (0.55 * np.exp(-(corner**2))))


def _lay_inside(picture: Float32Array, look: Look, y: Plane, lips: _Lips) -> None:
    within = soft(np.minimum(y - lips.upper, lips.lower - y), 0.016)
    within = within * soft(0.93 - np.abs(lips.along), 0.06)
    lay(picture, mixed((0.14, 0.04, 0.04), darker(look.lips, 0.2), 0.3), within)
    depth = y - lips.upper
    tongue = soft(y - lips.lower + 0.34 * lips.gap, 0.10) * soft(0.66 - np.abs(lips.along), 0.25)
    lay(picture, (0.42, 0.17, 0.17), 0.55 * tongue * within)
    shown = min(0.085, 0.42 * lips.gap)
    between = 1 - 0.10 * np.clip(np.cos(lips.along * 34), 0.75, 1) ** 6
    teeth = soft(shown - depth, 0.03) * soft(0.70 - np.abs(lips.along), 0.20)
    light = np.clip(0.60 + depth * 4.0, 0.60, 0.92) * (1 - 0.35 * lips.along**2) * between
    white = np.array([0.93, 0.90, 0.85], np.float32) * light[..., None]
    strength = np.clip(lips.gap / 0.06, 0, 1)
    lay(picture, white, (teeth * within * strength))


def _lay_lips(picture: Float32Array, look: Look, y: Plane, lips: _Lips) -> None:
    ends = soft(1.0 - np.abs(lips.along), 0.05)
    tall = np.maximum(lips.upper - lips.top, 1e-3)
    into = np.clip((y - lips.top) / tall, 0, 1)
    above = soft(np.minimum(y - lips.top, lips.upper - y), 0.022) * ends
    color = np.asarray(darker(look.lips, 0.86), np.float32) * (1.10 - 0.34 * into)[..., None]
    lay(picture, color, (0.90 * above))
    deep = np.maximum(lips.bottom - lips.lower, 1e-3)
    onto = np.clip((y - lips.lower) / deep, 0, 1)
    below = soft(np.minimum(y - lips.lower, lips.bottom - y), 0.026) * ends
    swell = 0.90 + 0.32 * np.exp(-(((onto - 0.42) / 0.28) ** 2)) * np.exp(-((lips.along / 0.6) ** 2)) - 0.20 * onto**3
    rosy = np.clip(np.asarray(look.lips, np.float32) * swell[..., None], 0, 1)
    lay(picture, rosy, (0.90 * below))
    line = np.exp(-(((y - 0.5 * (lips.upper + lips.lower)) / 0.016) ** 2)) * soft(1.03 - np.abs(lips.along), 0.10)
    closed = np.clip(1 - lips.gap / 0.03, 0, 1)
    lay(picture, darker(look.lips, 0.30), (0.80 * closed * line))
