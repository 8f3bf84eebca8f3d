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
from services.corpus.drawing.look import HEIGHT_PX, WIDTH_PX, Look
from services.corpus.drawing.mouth import MouthPose, drop_jaw, lay_mouth
from services.corpus.drawing.paint import noise
from services.corpus.drawing.room import room_picture

FPS_HZ = 25
_NOISE_LEVEL = 5.0
# Lids after a blink begins, a frame each.
_BLINK = (0.55, 0.08, 0.0, 0.25, 0.62, 0.88)


@dataclass(frozen=True)
class Actor:
    """What is drawn once for a speaker.

    head: float32 [H, W, 4] on the HEAD canvas, premultiplied. room: float32 [height, width, 3].
    grain: float32 [2 * height, 2 * width], in grey levels.
    """

    look: Look
    head: Float32Array
    room: Float32Array
    grain: Float32Array

    @classmethod
    def of(cls, look: Look) -> Actor:
        grain = cv2.GaussianBlur(
            noise(f"grain:{look.name}", (2 * look.height_px, 2 * look.width_px)), (0, 0), 0.6 * look.scale
        )
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


# Rows and columns of a small frame.
WHOLE = (slice(0, HEIGHT_PX), slice(0, WIDTH_PX))


@dataclass(frozen=True)
class Motion:
    """What is drawn by chance for a clip, so that any part of it can be drawn by itself.

    lids: 0..1, a frame each. grain_px: where in the grain a frame's begins, (top, left).
    """

    shift_x: _Sway
    shift_y: _Sway
    roll: _Sway
    zoom: _Sway
    lids: tuple[float, ...]
    gaze: tuple[float, float]
    grain_px: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, look: Look, num_frames: int, seed: str) -> Motion:
        draw = random.Random(f"motion:{seed}")  # noqa: S311
        shift_x, shift_y, roll, zoom = (
            _Sway.of(draw, amplitude) for amplitude in (2.4 * look.scale, 1.5 * look.scale, 0.022, 0.012)
        )
        lids = tuple(_lids(draw, num_frames))
        gaze = (draw.uniform(-0.012, 0.012), draw.uniform(-0.006, 0.006))
        grain_px = tuple((draw.randrange(look.height_px), draw.randrange(look.width_px)) for _ in range(num_frames))
        return cls(shift_x, shift_y, roll, zoom, lids, gaze, grain_px)


def draw_frames(
    actor: Actor, poses: Sequence[MouthPose], seed: str, window: tuple[slice, slice] = WHOLE
) -> Iterator[UInt8Array]:
    """A uint8 RGB frame [288, 360, 3] for each pose, or what of it is in the window. seed: decides movement, blinks and
    noise.
    """
    return draw_part(actor, poses, Motion.of(actor.look, len(poses), seed), 0, window)


def draw_part(
    actor: Actor, poses: Sequence[MouthPose], motion: Motion, first: int, window: tuple[slice, slice] | None = None
) -> Iterator[UInt8Array]:
    """A uint8 RGB frame [height, width, 3] for each pose, or what of it is in the window. first: the clip's frame of
    the first pose.
    """
    look = actor.look
    rows, columns = window or (slice(0, look.height_px), slice(0, look.width_px))
    room_CHW = cv2.split(actor.room[rows, columns])
    for index, pose in enumerate(poses, first):
        t_s = index / FPS_HZ
        head = actor.head.copy()
        drop_jaw(head, HEAD, pose.opening)
        lay_mouth(head, look, HEAD, pose)
        lay_eyes(head, look, HEAD, motion.lids[index], motion.gaze)
        shift_px = (motion.shift_x.at(t_s), motion.shift_y.at(t_s))
        placed = _place(head, look, shift_px, motion.roll.at(t_s), 1 + motion.zoom.at(t_s))
        *placed_CHW, cover_HW = cv2.split(placed[rows, columns])
        through_HW = 1 - cover_HW
        top, left = motion.grain_px[index]
        grain = actor.grain[top : top + look.height_px, left : left + look.width_px][rows, columns]
        frame = np.empty((*grain.shape, 3), np.uint8)
        for channel in range(3):
            # A plane at a time and in place: pictures of 512 px leave the cache otherwise.
            seen_HW = room_CHW[channel] * through_HW
            seen_HW += placed_CHW[channel]
            seen_HW *= 255
            seen_HW += grain
            frame[..., channel] = np.clip(np.rint(seen_HW, out=seen_HW), 0, 255, out=seen_HW)
        yield frame


def _place(head: Float32Array, look: Look, shift_px: tuple[float, float], roll_rad: float, zoom: float) -> Float32Array:
    """The head in the frame, premultiplied: float32 [height, width, 4]. It rolls about the neck."""
    scale = look.size_px * zoom / HEAD.px_per_unit
    cos, sin = scale * math.cos(roll_rad), scale * math.sin(roll_rad)
    neck_x, neck_y = -HEAD.left * HEAD.px_per_unit, (1.7 - HEAD.top) * HEAD.px_per_unit
    to_x, to_y = look.eyes_x_px + shift_px[0], look.eyes_y_px + 1.7 * look.size_px + shift_px[1]
    matrix = np.array(
        [[cos, -sin, to_x - cos * neck_x + sin * neck_y], [sin, cos, to_y - sin * neck_x - cos * neck_y]], np.float64
    )
    return cv2.warpAffine(head, matrix, (look.width_px, look.height_px), flags=cv2.INTER_LINEAR)


def _lids(draw: random.Random, num_frames: int) -> list[float]:
    """How open the eyes are: a blink about every two seconds."""
    lids = [1.0] * num_frames
    start = draw.randrange(6, 40)
    while start < num_frames:
        for offset, value in enumerate(_BLINK[: num_frames - start]):
            lids[start + offset] = value
        start += draw.randrange(38, 70)
    return lids
