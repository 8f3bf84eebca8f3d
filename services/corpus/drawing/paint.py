"""Brushes of the demo corpus: a canvas in head units, soft edges, bumps, smooth curves, noise that never changes.

A head unit is half the width of a face; x grows to the right of the picture, y downwards; (0, 0) lies between the eyes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array

Rgb = tuple[float, float, float]
# Values over pixels while they are computed; pictures are float32.
Plane = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Canvas:
    """Pixels and where they lie in head units: (x, y) is (x - left, y - top) * px_per_unit from the first one."""

    left: float
    top: float
    width_px: int
    height_px: int
    px_per_unit: float

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1 or self.px_per_unit <= 0:
            raise ValueError(f"a canvas needs pixels and a positive scale: {self!r}")

    def grid(self) -> tuple[Float32Array, Float32Array]:
        """Unit coordinates of the pixels as float32 x [1, W] and y [H, 1]."""
        x = self.left + np.arange(self.width_px, dtype=np.float32)[None, :] / np.float32(self.px_per_unit)
        y = self.top + np.arange(self.height_px, dtype=np.float32)[:, None] / np.float32(self.px_per_unit)
        return x.astype(np.float32), y.astype(np.float32)

    def part(self, left: float, top: float, right: float, bottom: float) -> tuple[slice, slice, Canvas]:
        """Rows, columns and canvas of the pixels between four unit coordinates."""
        x0, x1 = (round((x - self.left) * self.px_per_unit) for x in (left, right))
        y0, y1 = (round((y - self.top) * self.px_per_unit) for y in (top, bottom))
        scale = self.px_per_unit
        inner = Canvas(self.left + x0 / scale, self.top + y0 / scale, x1 - x0, y1 - y0, scale)
        return slice(y0, y1), slice(x0, x1), inner


def soft(signed: Plane, edge: float) -> Plane:
    """0 outside to 1 inside over `edge` units around signed == 0; signed is positive inside."""
    t = np.clip(np.asarray(signed, np.float32) / np.float32(edge) + np.float32(0.5), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def bump(
    x: Plane, y: Plane, center: tuple[float, float], size: tuple[float, float], *, mirrored: bool = False
) -> Plane:
    """A hill of height 1; mirrored: a second one at -x."""
    cx, cy = center
    fall = np.exp(-(((y - cy) / size[1]) ** 2))
    hill = np.exp(-(((x - cx) / size[0]) ** 2))
    return np.asarray((hill + np.exp(-(((x + cx) / size[0]) ** 2)) if mirrored else hill) * fall)


def lay(picture_HWC: Float32Array, color: Rgb | Plane, cover_HW: Plane) -> None:
    """Paint a colour over the first three channels, in place, by the share `cover_HW`; a fourth channel gains cover.

    Source: Porter and Duff, Compositing Digital Images (1984), `over` on colours that are not premultiplied.
    """
    share = cover_HW = np.asarray(cover_HW, np.float32)
    if picture_HWC.shape[2] == 4:
        opaque = picture_HWC[..., 3] + (1 - picture_HWC[..., 3]) * cover_HW
        share = np.divide(cover_HW, opaque, out=np.zeros_like(opaque), where=opaque > 0)
        picture_HWC[..., 3] = opaque
    colors = np.asarray(color, np.float32)
    # A channel at a time: over an innermost axis of three, NumPy takes several times as long.
    for channel in range(3):
        painted_HW = picture_HWC[..., channel]
        painted_HW += (colors[..., channel] - painted_HW) * share


def spline(points: Sequence[tuple[float, float]], num_between: int = 16) -> Float32Array:
    """A closed Catmull-Rom curve through the points: float32 [len(points) * num_between, 2]."""
    p = np.asarray(points, np.float64)
    before, after, next_but_one = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    t = (np.arange(num_between) / num_between)[None, :, None]
    a, b, c, d = (q[:, None, :] for q in (before, p, after, next_but_one))
    curve = b + 0.5 * t * ((c - a) + t * ((2 * a - 5 * b + 4 * c - d) + t * (3 * (b - c) + d - a)))
    return curve.reshape(-1, 2).astype(np.float32)


def noise(seed: str, shape: tuple[int, ...]) -> Float32Array:
    """Uniform noise in -1..1 from a text: float32, the same for ever (the stream of RandomState is frozen by NumPy)."""
    state = np.random.RandomState(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big"))
    raw = np.frombuffer(state.bytes(int(np.prod(shape))), np.uint8).astype(np.float32)
    return (raw.reshape(shape) / np.float32(127.5) - 1).astype(np.float32)


def darker(color: Rgb, factor: float) -> Rgb:
    """The colour in less light; red fades last, as it does in skin."""
    return (color[0] * factor**0.85, color[1] * factor, color[2] * factor**1.08)


def mixed(a: Rgb, b: Rgb, share: float) -> Rgb:
    """Share 0 is a, 1 is b."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)
