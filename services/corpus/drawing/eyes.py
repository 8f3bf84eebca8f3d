"""Eyes of the demo corpus: lids that close, whites, iris and lashes, painted onto a head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import Float32Array
from services.corpus.drawing.look import Look
from services.corpus.drawing.paint import Canvas, Plane, darker, lay, mixed, soft

_EYE_X = 0.425
_HALF_WIDTH = 0.205
_IRIS_RADIUS = 0.092


@dataclass(frozen=True)
class _Lids:
    """Heights of the lids over x, [1, W]; along: -1 at the inner corner, 1 at the outer. opened: upper when open."""

    along: Plane
    upper: Plane
    lower: Plane
    opened: Plane
    openness: float


def lay_eyes(picture_HWC: Float32Array, look: Look, canvas: Canvas, lids: float, gaze: tuple[float, float]) -> None:
    """Paint both eyes in place, where the head is opaque.

    lids: 0 shut to 1 open. gaze: offset of the irises in head units.
    """
    for side in (-1.0, 1.0):
        middle = side * _EYE_X
        rows, columns, part = canvas.part(middle - 0.34, -0.24, middle + 0.34, 0.22)
        picture = picture_HWC[rows, columns, :3]
        x, y = part.grid()
        edges = _lids(look, x * side, lids)
        within = soft(np.minimum(y - edges.upper, edges.lower - y), 0.014) * (np.abs(edges.along) < 1)
        light = np.clip(0.60 + (y - edges.upper) * 6.0, 0.60, 1.0) * (0.97 - 0.16 * edges.along**2)
        lay(picture, np.array([0.90, 0.875, 0.85], np.float32) * light[..., None], within)
        lay(picture, mixed(look.lips, (0.9, 0.7, 0.65), 0.3), 0.7 * soft(-0.80 - edges.along, 0.15) * within)
        away = (x - side * (_EYE_X - 0.008) - gaze[0], y + 0.022 - gaze[1])
        _lay_iris(picture, look, away, light, within)
        _lay_lashes(picture, look, y, edges)


def _lids(look: Look, outwards: Plane, openness: float) -> _Lids:
    """outwards: x, growing from the nose to the temple."""
    along = (outwards - _EYE_X) / (_HALF_WIDTH * look.eye_size)
    inside = np.clip(1 - along**2, 0, 1)
    tilt = -0.018 * along
    lower = tilt + 0.066 * look.eye_size * inside**0.85 * (1 + 0.15 * along)
    opened = tilt - 0.098 * look.eye_size * inside**0.62 / (1 + 0.12 * along)
    upper = lower + (opened - lower) * np.float32(0.06 + 0.94 * openness)
    return _Lids(along, upper, lower, opened, openness)


def _lay_iris(picture: Float32Array, look: Look, away: tuple[Plane, Plane], light: Plane, within: Plane) -> None:
    """away: x and y from the middle of the iris."""
    x, y = away
    radius = np.hypot(x, y)
    glow = 0.75 + 0.65 * np.clip(y / _IRIS_RADIUS, -0.6, 1) * (radius > 0.03)
    lay(
        picture,
        np.asarray(look.iris, np.float32) * (glow * light**2)[..., None],
        soft(_IRIS_RADIUS - radius, 0.014) * within,
    )
    rim = soft(0.012 - np.abs(radius - _IRIS_RADIUS + 0.006), 0.02) * within
    lay(picture, darker(look.iris, 0.35), 0.65 * rim)
    lay(picture, (0.03, 0.025, 0.025), soft(0.042 - radius, 0.014) * within)
    glint = np.hypot(x + 0.028, y + 0.030)
    lay(picture, (0.97, 0.97, 0.97), 0.9 * soft(0.017 - glint, 0.014) * within)


def _lay_lashes(picture: Float32Array, look: Look, y: Plane, lids: _Lids) -> None:
    """Lashes along both lids and the crease above the upper one."""
    reach = soft(1.06 - np.abs(lids.along), 0.12)
    lash_color = mixed(darker(look.hair, 0.45), (0.08, 0.06, 0.06), 0.5)
    thick = 0.014 + 0.010 * np.clip(lids.along + 0.6, 0, 1.4)
    lay(picture, lash_color, 0.90 * soft(thick - np.abs(y - lids.upper + 0.006), 0.018) * reach)
    below = soft(0.008 - np.abs(y - lids.lower - 0.004), 0.024) * reach
    lay(picture, darker(look.skin, 0.50), 0.50 * below)
    fold = lids.opened - 0.052 + 0.012 * lids.along**2 - 0.012 * (1 - lids.openness)
    crease = np.exp(-(((y - fold) / 0.014) ** 2)) * soft(0.98 - np.abs(lids.along), 0.3)
    lay(picture, darker(look.skin, 0.55), 0.55 * (0.35 + 0.65 * lids.openness) * crease)
