"""A speaker's head without eyes and mouth: a rounded form under soft light, with nose, brows, ears and hair."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from services.base.media.arrays import Float32Array
from services.corpus.drawing.hair import lay_hair
from services.corpus.drawing.look import Look
from services.corpus.drawing.paint import Canvas, Plane, Rgb, bump, darker, lay, mixed, noise, soft, spline

HEAD = Canvas(left=-1.75, top=-2.05, width_px=420, height_px=480, px_per_unit=120)

# Towards the light: from above, a little to the picture's left, mostly from the front.
_LIGHT = (-0.30, -0.42, 0.86)
_CENTER_Y = 0.08


def head_picture(look: Look) -> Float32Array:
    """The head on the HEAD canvas: float32 [H, W, 4], RGB in 0..1 (not premultiplied) and cover."""
    x, y = HEAD.grid()
    picture = np.zeros((HEAD.height_px, HEAD.width_px, 4), np.float32)
    if look.hair_style != "long":
        _lay_ears(picture, look, x, y)
    inside = _inside(look, x, y)
    lay(picture, _skin(look, x, y, inside), soft(inside, 0.02))
    _lay_nose(picture, look, x, y)
    _lay_brows(picture, look, x, y)
    lay_hair(picture, look, HEAD, inside)
    return picture


def outline(look: Look) -> list[tuple[float, float]]:
    """Corners of the head's edge, clockwise from the crown."""
    jaw, chin, cheek = look.jaw, look.chin, look.cheek
    right: Sequence[tuple[float, float]] = (
        (0.48, -1.40),
        (0.82, -1.13),
        (0.97, -0.70),
        (1.00 * cheek, -0.22),
        (0.985 * cheek, 0.25),
        (0.93 * cheek, 0.65),
        (0.80 * jaw, 1.02),
        (0.58 * jaw, 1.32 * chin),
        (0.31 * jaw, 1.52 * chin),
    )
    left = [(-x, y) for x, y in reversed(right)]
    return [(0.0, -1.47), *right, (0.0, 1.58 * chin), *left]


def _inside(look: Look, x: Plane, y: Plane) -> Plane:
    """How far inside the head's edge: 1 in the middle, 0 at the edge, below 0 outside."""
    edge = spline(outline(look))
    turn = np.arctan2(edge[:, 0], -(edge[:, 1] - _CENTER_Y))
    order = np.argsort(turn, kind="stable")
    reach = np.hypot(edge[:, 0], edge[:, 1] - _CENTER_Y)
    turn_HW = np.arctan2(x, -(y - _CENTER_Y))
    reach_HW = np.interp(turn_HW, turn[order], reach[order], period=2 * np.pi)
    return 1 - np.hypot(x, y - _CENTER_Y) / reach_HW


def _relief(look: Look, x: Plane, y: Plane, inside: Plane) -> Plane:
    """Height of the face above the picture plane, in head units."""
    reach = 1 - np.clip(inside, 0, 1)
    form = 0.80 * np.sqrt(np.clip(1 - reach**2.5, 0, 1))
    down = np.clip((y + 0.12) / 0.74, 0, 1)
    bridge_width = (0.155 + 0.05 * down) * look.nose_width
    bridge = (
        (0.04 + 0.17 * down**1.5) * soft(0.74 - y, 0.22) * soft(y + 0.25, 0.35) * np.exp(-((x / bridge_width) ** 2))
    )
    wings = 0.085 * bump(x, y, (0.17 * look.nose_width, 0.63), (0.095, 0.10), mirrored=True)
    brow = 0.055 * bump(x, y, (0.40, -0.30), (0.34, 0.12), mirrored=True)
    sockets = -0.085 * bump(x, y, (0.42, -0.04), (0.25, 0.15), mirrored=True)
    cheeks = 0.045 * bump(x, y, (0.56, 0.42), (0.26, 0.24), mirrored=True)
    mouth = 0.05 * bump(x, y, (0.0, 1.02), (0.40, 0.26))
    chin = 0.055 * bump(x, y, (0.0, 1.40), (0.24, 0.13)) - 0.02 * bump(x, y, (0.0, 1.235), (0.26, 0.05))
    philtrum = -0.012 * bump(x, y, (0.0, 0.86), (0.05, 0.10))
    return form + bridge + wings + brow + sockets + cheeks + mouth + chin + philtrum


def _skin(look: Look, x: Plane, y: Plane, inside: Plane) -> Plane:
    """Colour of the lit skin: float32 [H, W, 3]."""
    height = cv2.GaussianBlur(_relief(look, x, y, inside), (0, 0), 2.0)
    slope_y, slope_x = np.gradient(height * HEAD.px_per_unit)
    across, along = np.clip(slope_x, -1.15, 1.15), np.clip(slope_y, -1.15, 1.15)
    length = np.sqrt(across**2 + along**2 + 1)
    facing = (-across * _LIGHT[0] - along * _LIGHT[1] + _LIGHT[2]) / length / np.linalg.norm(_LIGHT)
    # What lies lower than its surroundings gets less of the sky.
    hollow = np.clip((cv2.GaussianBlur(height, (0, 0), 9.0) - height) * 5.0, -0.10, 0.22)
    light = 0.36 + 0.68 * np.clip((facing + 0.25) / 1.25, 0, 1) - hollow
    color = _complexion(look, x, y) * 1.0
    shade = np.clip(light, 0.15, 1.25)[..., None]
    lit = color * shade ** np.array([0.85, 1.0, 1.08], np.float32)
    shine = np.clip(facing, 0, 1) ** 24 * soft(inside, 0.5) * 0.07
    return np.clip(lit + shine[..., None], 0, 1)


def _complexion(look: Look, x: Plane, y: Plane) -> Plane:
    """Colour of the skin before light falls on it."""
    color = np.empty((y.shape[0], x.shape[1], 3), np.float32)
    color[:] = look.skin
    blood = mixed(look.skin, look.lips, 0.55)
    for where, size, share in (((0.58, 0.46), (0.26, 0.22), 0.34), ((0.0, 0.62), (0.18, 0.14), 0.30)):
        lay(color, blood, np.clip(share * bump(x, y, where, size, mirrored=where[0] > 0), 0, 1))
    lay(color, darker(look.skin, 0.80), 0.40 * bump(x, y, (0.41, 0.13), (0.20, 0.055), mirrored=True))
    lay(color, darker(blood, 0.88), np.clip(0.30 * bump(x, y, (0.42, -0.12), (0.26, 0.07), mirrored=True), 0, 1))
    if look.stubble > 0:
        zone = soft(y - 0.78 + 0.25 * np.exp(-((x / 0.35) ** 2)) - 0.20 * np.abs(x), 0.30) * soft(1.15 - np.abs(x), 0.5)
        grain = 0.75 + 0.25 * noise(f"stubble:{look.name}", color.shape[:2])
        lay(
            color,
            mixed(look.hair, look.skin, 0.35),
            np.clip(look.stubble * 0.62 * zone * grain, 0, 1),
        )
    pores = cv2.GaussianBlur(noise(f"skin:{look.name}", color.shape[:2]), (0, 0), 2.2)
    return color * (1 + 0.09 * pores[..., None])


def _lay_ears(picture: Float32Array, look: Look, x: Plane, y: Plane) -> None:
    for side in (-1.0, 1.0):
        across = (x * side - 1.0 * look.cheek) / 0.155
        along = (y - 0.10 + 0.12 * (x * side - 1.0)) / 0.30
        away = np.hypot(across, along)
        light = 0.80 if side < 0 else 0.70
        color = darker(mixed(look.skin, look.lips, 0.22), light)
        lay(picture, color, soft(1 - away, 0.10))
        inner = np.hypot(across - 0.10, along / 0.68 + 0.08)
        lay(picture, darker(color, 0.72), (0.65 * soft(0.62 - inner, 0.5)))


def _lay_nose(picture: Float32Array, look: Look, x: Plane, y: Plane) -> None:
    wide = look.nose_width
    shadow = darker(look.skin, 0.52)
    under = soft(1 - np.hypot(x / (0.25 * wide), (y - 0.745) / 0.060), 1.2)
    lay(picture, shadow, 0.50 * under)
    for side in (-1.0, 1.0):
        across = x * side - 0.105 * wide
        lift = y - 0.722 + 0.30 * across
        hole = 1 - np.hypot(across / 0.066, lift / 0.033)
        lay(picture, darker(look.skin, 0.26), 0.85 * soft(hole, 0.7))
        wing = np.abs(np.hypot((x * side - 0.165 * wide) / 0.092, (y - 0.655) / 0.105) - 1)
        fold = soft(0.10 - wing, 0.25) * soft(x * side - 0.17 * wide, 0.10)
        lay(picture, darker(look.skin, 0.58), 0.42 * fold)
        # The fold from the nose to the corner of the mouth.
        bend = x * side - (0.27 * wide + 0.34 * np.clip(y - 0.66, 0, 1) ** 0.8)
        crease = np.exp(-((bend / 0.035) ** 2)) * soft(y - 0.68, 0.16) * soft(0.98 - y, 0.20)
        lay(picture, darker(look.skin, 0.66), (0.20 * crease))


def _lay_brows(picture: Float32Array, look: Look, x: Plane, y: Plane) -> None:
    color: Rgb = mixed(look.hair, look.skin, 0.12)
    hairs = noise(f"brow:{look.name}", (HEAD.height_px, HEAD.width_px))
    for side in (-1.0, 1.0):
        along = np.clip((x * side - 0.17) / 0.55, 0, 1)
        middle = -0.265 - look.brow_arch * np.sin(np.pi * np.clip(along, 0, 1) ** 1.3) + 0.045 * along**2
        half = 0.052 * look.brow_weight * (1 - 0.72 * along**1.6)
        lean = cv2.warpAffine(
            cv2.GaussianBlur(hairs, (0, 0), sigmaX=0.8, sigmaY=2.2),
            np.array([[1, side * 0.8, 0], [0, 1, 0]], np.float32),
            (HEAD.width_px, HEAD.height_px),
            borderMode=cv2.BORDER_REFLECT,
        )
        body = soft(half - np.abs(y - middle), 0.05)
        ends = soft(x * side - 0.20, 0.10) * soft(0.71 - x * side, 0.08)
        lay(picture, color, np.clip(body * ends * (0.72 + 0.9 * lean), 0, 0.95))
