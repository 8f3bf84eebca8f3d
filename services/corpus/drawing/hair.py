"""Hair of the demo corpus: a mask for each style, and strands that run from a parting."""

from __future__ import annotations

import cv2
import numpy as np

from services.base.media.arrays import Float32Array
from services.corpus.drawing.look import Look
from services.corpus.drawing.paint import Canvas, Plane, bump, lay, noise, soft

_HAIRLINE_Y = {"short": -0.86, "parted": -0.80, "long": -0.88, "tied": -0.92, "curly": -0.84}
_THICKNESS = {"short": 0.15, "parted": 0.18, "long": 0.18, "tied": 0.09, "curly": 0.27}
_PART_X = {"short": 0.10, "parted": -0.34, "long": -0.22, "tied": 0.0, "curly": 0.0}


def lay_hair(picture_HWC: Float32Array, look: Look, canvas: Canvas, inside_HW: Plane) -> None:
    """Paint the hair over a head, and its shadow on the forehead. inside_HW: as demo_head measures it."""
    x, y = canvas.grid()
    cover = _cover(look, x, y, inside_HW)
    step = round(0.05 * canvas.px_per_unit)
    fallen = cv2.GaussianBlur(np.roll(cover, (step, step // 3), (0, 1)), (0, 0), 3.0) * soft(inside_HW, 0.05)
    picture_HWC[..., :3] *= 1 - 0.30 * fallen[..., None]
    lay(picture_HWC, _strands(look, x, y), cover)


def lay_back_hair(picture_HWC: Float32Array, look: Look, canvas: Canvas) -> None:
    """Paint what hangs behind the neck, over a picture without a head."""
    if look.hair_style != "long":
        return
    x, y = canvas.grid()
    cover = soft(_long_edge(y) - np.abs(x), 0.08) * soft(y + 0.9, 0.2) * soft(2.05 - y - 0.10 * np.cos(2 * x), 0.30)
    lay(picture_HWC, _strands(look, x, y) * 0.55, cover)


def _cover(look: Look, x: Plane, y: Plane, inside: Plane) -> Plane:
    """Where hair lies: 0..1."""
    style = look.hair_style
    turn = np.arctan2(x, -(y + 0.2))
    ragged = np.interp(turn, np.linspace(-np.pi, np.pi, 97), _ring(f"edge:{look.name}", 96, 1))
    lumps = {"short": 0.022, "curly": 0.045, "tied": 0.004}.get(style, 0.008) * ragged
    thick = _THICKNESS[style] * np.clip(0.30 + 0.75 * np.cos(turn), 0.10, 1.0)
    cap = soft(inside + thick + lumps, 0.03)
    line = _hairline(look, x) + {"curly": 0.030, "short": 0.035}.get(style, 0.012) * _fray(look, x)
    above = soft(line - y, 0.08)
    # Sideburns thin out towards their lower end.
    bottom = {"short": 0.12, "curly": 0.10, "parted": 0.16, "tied": -0.16, "long": 2.2}[style]
    cover = cap * above * soft(bottom - y, 0.36)
    if style == "long":
        face = _lock_edge(y)
        locks = soft(_long_edge(y) - np.abs(x), 0.05) * soft(np.abs(x) - face, 0.05) * soft(y + 0.75, 0.5)
        cover = np.maximum(cover, locks * soft(1.55 - y + 0.6 * (np.abs(x) - 1), 0.5))
    if style == "tied":
        bun = soft(0.36 - np.hypot(x - 0.06, (y + 1.62) * 1.1), 0.03)
        cover = np.maximum(cover, bun)
    return np.clip(cover, 0, 1)


def _hairline(look: Look, x: Plane) -> Plane:
    """Height of the hair's lower edge over the forehead and down the temples."""
    style = look.hair_style
    part = _PART_X[style]
    away = np.abs(x - part) / np.where(x < part, 0.90 + part, 0.90 - part)
    power = {"long": 2.4, "parted": 3.2}.get(style, 5.5)
    drop = {"long": 0.95, "parted": 0.72}.get(style, 0.66)
    return _HAIRLINE_Y[style] + drop * np.clip(away, 0, 1.5) ** power


def _long_edge(y: Plane) -> Plane:
    """Outer edge of long hair: from the cap's width it widens a little towards the shoulders."""
    return 1.10 + 0.07 * np.sin(1.5 * np.clip(y, -1, 2)) - 0.30 * np.clip(-0.35 - y, 0, 1) ** 2


def _lock_edge(y: Plane) -> Plane:
    """Inner edge of long locks beside the face."""
    return 0.88 - 0.03 * np.clip(y, -0.5, 1.2) + 0.03 * np.sin(2.2 * y)


def _ring(seed: str, num: int, smooth: int) -> Plane:
    values: Plane = noise(seed, (num,))
    for _ in range(smooth):
        values = (np.roll(values, 1) + 2 * values + np.roll(values, -1)) / 4
    return np.append(values, values[0])


def _fray(look: Look, x: Plane) -> Plane:
    return np.interp(x, np.linspace(-1.75, 1.75, 85), noise(f"fray:{look.name}", (85,)))


def _strands(look: Look, x: Plane, y: Plane) -> Plane:
    """Lit hair: float32 [H, W, 3]."""
    if look.hair_style == "curly":
        size = (y.shape[0], x.shape[1])
        coils = cv2.GaussianBlur(noise(f"curl:{look.name}", size), (0, 0), 3.0)
        tufts = cv2.GaussianBlur(noise(f"tuft:{look.name}", size), (0, 0), 9.0)
        streak: Plane = 4.5 * coils + 9.0 * tufts
    else:
        turn: Plane = np.arctan2(x - _PART_X[look.hair_style], -(y + 1.30) + 0.35) + 0.06 * np.sin(
            6 * np.hypot(x, y + 1.2)
        )
        coarse = np.interp(turn, np.linspace(-np.pi, np.pi, 193), _ring(f"lock:{look.name}", 192, 1))
        fine = np.interp(turn, np.linspace(-np.pi, np.pi, 961), _ring(f"strand:{look.name}", 960, 1))
        streak = 0.8 * coarse + 0.8 * fine
    gloss = 0.50 * bump(x, y, (-0.30, -1.20), (0.60, 0.15))
    light = 0.92 - 0.18 * np.clip(x, -0.5, 1.2) + gloss + 0.34 * streak - 0.22 * soft(np.abs(x) - 0.85, 0.5)
    # Even black hair gives back some light.
    color = np.asarray(look.hair, np.float32) + 0.025
    return np.clip(color * np.clip(light, 0.25, 2.4)[..., None], 0, 1)
