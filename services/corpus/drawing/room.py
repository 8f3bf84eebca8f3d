"""What stands still behind the head: a wall, shoulders, a neck."""

from __future__ import annotations

import cv2
import numpy as np

from services.base.media.arrays import Float32Array
from services.corpus.drawing.hair import lay_back_hair
from services.corpus.drawing.look import Look
from services.corpus.drawing.paint import Canvas, Plane, darker, lay, mixed, noise, soft


def room_canvas(look: Look) -> Canvas:
    """The frame in the speaker's head units."""
    left, top = -look.eyes_x_px / look.size_px, -look.eyes_y_px / look.size_px
    return Canvas(left, top, look.width_px, look.height_px, look.size_px)


def room_picture(look: Look) -> Float32Array:
    """Wall and body: float32 [height, width, 3], RGB in 0..1."""
    canvas = room_canvas(look)
    x, y = canvas.grid()
    picture = _wall(look)
    lay_back_hair(picture, look, canvas)
    _lay_neck(picture, look, x, y)
    _lay_shirt(picture, look, x, y)
    return picture


def _wall(look: Look) -> Float32Array:
    across = np.linspace(-1, 1, look.width_px, dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, look.height_px, dtype=np.float32)[:, None]
    light = 1.06 - 0.10 * across - 0.05 * down - 0.13 * (across**2 + down**2)
    cloth = cv2.GaussianBlur(noise(f"wall:{look.name}", (look.height_px, look.width_px)), (0, 0), 1.2 * look.scale)
    return np.clip(np.asarray(look.room, np.float32) * (light * (1 + 0.05 * cloth))[..., None], 0, 1)


def _lay_neck(picture: Float32Array, look: Look, x: Plane, y: Plane) -> None:
    half = 0.56 * look.jaw + 0.10 * np.clip((y - 1.5) / 0.6, 0, 1) ** 2
    across = np.clip(x / half, -1, 1)
    round_light = 0.55 + 0.33 * np.sqrt(1 - across**2) - 0.10 * across
    # The chin's shadow falls on the neck.
    under_chin = 1 - 0.42 * soft(1.86 - 0.20 * x**2 - y, 0.30)
    skin = np.asarray(look.skin, np.float32)
    shade = np.clip(round_light * under_chin, 0.1, 1)[..., None] ** np.array([0.85, 1.0, 1.08], np.float32)
    lay(
        picture,
        (skin * shade),
        soft(half - np.abs(x), 0.03) * soft(y - 0.8, 0.1),
    )


def _lay_shirt(picture: Float32Array, look: Look, x: Plane, y: Plane) -> None:
    away = np.abs(x)
    shoulder = 1.74 + 0.30 * np.clip(away - 0.50, 0, 3) ** 1.1 + 0.25 * np.clip(away - 1.7, 0, 2) ** 2
    collar = 2.14 - 0.38 * np.clip(away / 0.66, 0, 2) ** 2.4
    edge = np.maximum(collar, shoulder)
    body = soft(y - edge, 0.04)
    folds = cv2.GaussianBlur(
        noise(f"shirt:{look.name}", picture.shape[:2]), (0, 0), sigmaX=5 * look.scale, sigmaY=14 * look.scale
    )
    light = 0.92 - 0.14 * np.clip(x / 1.5, -1, 1) + 1.1 * folds - 0.25 * soft(edge + 0.12 - y, 0.2)
    color = np.asarray(look.shirt, np.float32) * np.clip(light, 0.3, 1.3)[..., None]
    lay(picture, np.clip(color, 0, 1), body)
    hem = soft(0.025 - np.abs(y - edge - 0.09), 0.03) * soft(0.66 - away, 0.1)
    lay(picture, darker(mixed(look.shirt, (0.5, 0.5, 0.5), 0.1), 0.78), (0.6 * hem * body))
