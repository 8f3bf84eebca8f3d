"""Frames of a clip: the parts of a speaker put together, moved a little, with the noise of a camera."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.corpus.drawing.eyes import lay_eyes
from services.corpus.drawing.head import HEAD, head_picture
from services.corpus.drawing.look import Look
from services.corpus.drawing.mouth import MouthPose, drop_jaw, lay_mouth
from services.corpus.drawing.paint import noise
from services.corpus.drawing.room import HEIGHT_PX, WIDTH_PX, room_picture

FPS_HZ = 25
_NOISE_LEVEL = 5.0
# Lids after a blink begins, a frame each.
_BLINK = (0.55, 0.08, 0.0, 0.25, 0.62, 0.88)


@dataclass(frozen=True)
class Actor:
    """What is drawn once for a speaker.

    head: float32 [H, W, 4] on the HEAD canvas, premultiplied. room: float32 [288, 360, 3].
    grain: float32 [576, 720], in grey levels.
    """

    look: Look
    head: Float32Array
    room: Float32Array
    grain: Float32Array

    @classmethod
    def of(cls, look: Look) -> Actor:
        grain = cv2.GaussianBlur(noise(f"grain:{look.name}", (2 * HEIGHT_PX, 2 * WIDTH_PX)), (0, 0), 0.6)
        head = head_picture(look)
        head[..., :3] *= head[..., 3:]
        return cls(look, head, room_picture(look), grain * np.float32(_NOISE_LEVEL))


@dataclass(frozen=True)
class _Sway:
    """A slow wandering: the sum of three swings (amplitude, rate in Hz, phase in rad)."""

    swings: tuple[tuple[float, float, float], ...]

    @classmethod
    def of(cls, draw: random.Random, amplitude: float) -> _Sway:
        rates_hz = (0.27, 0.61, 1.13)
        return cls(
            tuple(
                (amplitude * share, rate_hz * draw.uniform(0.85, 1.15), draw.uniform(0, 2 * math.pi))
                for share, rate_hz in zip((0.6, 0.3, 0.1), rates_hz, strict=True)
            )
        )

    def at(self, t_s: float) -> float:
        return sum(a * math.sin(2 * math.pi * rate_hz * t_s + phase) for a, rate_hz, phase in self.swings)


# Rows and columns of a frame.
WHOLE = (slice(0, HEIGHT_PX), slice(0, WIDTH_PX))


def draw_frames(
    actor: Actor, poses: Sequence[MouthPose], seed: str, window: tuple[slice, slice] = WHOLE
) -> Iterator[UInt8Array]:
    """A uint8 RGB frame [288, 360, 3] for each pose, or what of it is in the window. seed: decides movement, blinks and
    noise.
    """
    draw = random.Random(f"motion:{seed}")  # noqa: S311
    shift_x, shift_y, roll, zoom = (_Sway.of(draw, amplitude) for amplitude in (2.4, 1.5, 0.022, 0.012))
    lids = _lids(draw, len(poses))
    look_aside = (draw.uniform(-0.012, 0.012), draw.uniform(-0.006, 0.006))
    for index, pose in enumerate(poses):
        t_s = index / FPS_HZ
        head = actor.head.copy()
        drop_jaw(head, HEAD, pose.opening)
        lay_mouth(head, actor.look, HEAD, pose)
        lay_eyes(head, actor.look, HEAD, lids[index], look_aside)
        shift_px = (shift_x.at(t_s), shift_y.at(t_s))
        placed = _place(head, actor.look, shift_px, roll.at(t_s), 1 + zoom.at(t_s))
        placed = placed[window]
        through_HW = 1 - placed[..., 3]
        top, left = draw.randrange(HEIGHT_PX), draw.randrange(WIDTH_PX)
        grain = actor.grain[top : top + HEIGHT_PX, left : left + WIDTH_PX][window]
        room = actor.room[window]
        frame = np.empty(room.shape, np.uint8)
        for channel in range(3):
            seen_HW = (room[..., channel] * through_HW + placed[..., channel]) * 255 + grain
            frame[..., channel] = np.clip(np.rint(seen_HW), 0, 255)
        yield frame


def _place(head: Float32Array, look: Look, shift_px: tuple[float, float], roll_rad: float, zoom: float) -> Float32Array:
    """The head in the frame, premultiplied: float32 [288, 360, 4]. It rolls about the neck."""
    scale = look.size_px * zoom / HEAD.px_per_unit
    cos, sin = scale * math.cos(roll_rad), scale * math.sin(roll_rad)
    neck_x, neck_y = -HEAD.left * HEAD.px_per_unit, (1.7 - HEAD.top) * HEAD.px_per_unit
    to_x, to_y = look.eyes_x_px + shift_px[0], look.eyes_y_px + 1.7 * look.size_px + shift_px[1]
    matrix = np.array(
        [[cos, -sin, to_x - cos * neck_x + sin * neck_y], [sin, cos, to_y - sin * neck_x - cos * neck_y]], np.float64
    )
    return cv2.warpAffine(head, matrix, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_LINEAR)


def _lids(draw: random.Random, num_frames: int) -> list[float]:
    """How open the eyes are: a blink about every two seconds."""
    lids = [1.0] * num_frames
    start = draw.randrange(6, 40)
    while start < num_frames:
        for offset, value in enumerate(_BLINK[: num_frames - start]):
            lids[start + offset] = value
        start += draw.randrange(38, 70)
    return lids
