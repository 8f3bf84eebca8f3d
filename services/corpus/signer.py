"""A signer of the demo corpus: upper body, shaded arms, hands with fingers. No sign of a language."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import islice

import av
import cv2
import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.corpus.drawing.eyes import lay_eyes
from services.corpus.drawing.head import HEAD, head_picture
from services.corpus.drawing.look import Look, look_of
from services.corpus.drawing.mouth import MouthPose, lay_mouth
from services.corpus.drawing.paint import Canvas, Rgb, lay, noise, soft

WIDTH_PX, HEIGHT_PX, FPS_HZ, NUM_FRAMES = 360, 480, 25, 38
NUM_CLIPS = 2

_Point = tuple[float, float]
_UNIT_PX = 32.0
_CANVAS = Canvas(-180 / _UNIT_PX, -110 / _UNIT_PX, WIDTH_PX, HEIGHT_PX, _UNIT_PX)
_SHOULDER, _REST = (1.85, 2.75), (1.5, 6.6)
# Where a word's right and left wrist go, in head units of the left half; None: the hand rests.
WORDS: dict[str, tuple[tuple[_Point, ...], tuple[_Point, ...]]] = {
    "both": (((1.6, 4.4), (2.6, 3.6)), ((1.6, 4.4), (2.6, 3.6))),
    "circle": (((2.2, 3.6), (3.2, 4.2), (2.2, 4.8), (1.4, 4.2)), (_REST,)),
    "raise": (((2.9, 4.6), (3.1, 2.2)), (_REST,)),
}
_STEADY = {"flags": "+bitexact", "threads": "1", "idct": "simple", "dct": "int"}
_TEXT = b"This is a note that somebody saved under the name of a clip.\n"


def sign_files(seed: int, *, broken: bool) -> Iterator[tuple[str, Callable[[], bytes], str, str]]:
    """Every file of the corpus: path, what makes its bytes, the fault ("" if none), the code expected for it."""
    for word in sorted(WORDS):
        for clip in range(1, NUM_CLIPS + 1):
            yield f"{word}/{word}_{clip}.mp4", partial(sign_clip, seed, word, clip), "", ""
    if broken:
        what = "the clip is cut off after two fifths of its bytes"
        yield "both/both_cut.mp4", partial(_cut, seed), what, "OPEN_FAILED"
        yield "raise/raise_text.mp4", lambda: _TEXT, "the clip is a text file", "OPEN_FAILED"


def _cut(seed: int) -> bytes:
    whole = sign_clip(seed, "both", 1)
    return whole[: round(0.4 * len(whole))]


def sign_clip(seed: int, word: str, clip: int, num_frames: int = NUM_FRAMES) -> bytes:
    """The MP4 file of a clip: the first num_frames as MPEG-4 video, without sound."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("mpeg4", rate=FPS_HZ, options=_STEADY)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.bit_rate = 1_500_000
        for index, frame_HWC in enumerate(islice(sign_frames(seed, word, clip), num_frames)):
            frame = av.VideoFrame.from_ndarray(cv2.cvtColor(frame_HWC, cv2.COLOR_RGB2YUV_I420), format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, FPS_HZ)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return file.getvalue()


def sign_frames(seed: int, word: str, clip: int) -> Iterator[UInt8Array]:
    """NUM_FRAMES RGB frames: uint8 [480, 360, 3]. Clips of a word differ in signer, size and pace of the motion."""
    look = look_of(seed, clip)
    draw = random.Random(f"sign:{seed}:{word}:{clip}")  # noqa: S311
    size, phase = draw.uniform(0.85, 1.1), draw.uniform(0, 0.2)
    room, head = _room(look), _head(look)
    for index in range(NUM_FRAMES):
        picture = room.copy()
        picture = picture * (1 - head[..., 3:]) + head[..., :3]
        for side, stops in zip((-1, 1), WORDS[word], strict=True):
            _lay_arm(picture, look, side, _wrist(stops, index / NUM_FRAMES, size, phase))
        grain = 0.015 * noise(f"grain:{seed}:{word}:{clip}:{index}", (HEIGHT_PX, WIDTH_PX, 1))
        yield np.clip(np.rint((picture + grain) * 255), 0, 255).astype(np.uint8)


def _wrist(stops: tuple[_Point, ...], share: float, size: float, phase: float) -> _Point:
    """Up from rest, twice around the stops, and down again."""
    around = (2 * share + phase) * len(stops)
    at, part = int(around), 0.5 - 0.5 * math.cos(math.pi * (around % 1))
    a, b = stops[at % len(stops)], stops[(at + 1) % len(stops)]
    mid = tuple(sum(stop[axis] for stop in stops) / len(stops) for axis in (0, 1))
    raised = min(1.0, share / 0.15, (1 - share) / 0.15)
    moved = [mid[axis] + size * (a[axis] + (b[axis] - a[axis]) * part - mid[axis]) for axis in (0, 1)]
    x, y = (_REST[axis] + raised * (moved[axis] - _REST[axis]) for axis in (0, 1))
    return x, y


def _room(look: Look) -> Float32Array:
    x, y = _CANVAS.grid()
    picture = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.float32)
    picture[:] = np.asarray(look.room, np.float32)
    picture *= (1.05 - 0.03 * x - 0.01 * y)[..., None]
    _lay_limb(picture, look.skin, (0, 1.0), (0, 2.6), (0.62, 0.7))
    away = np.abs(x)
    inside = np.minimum(1.95 - 0.05 * y - away + 0.2, y - 2.15 - 0.16 * away**2)
    light = np.clip(1 - 0.10 * x - 0.12 * (away / 1.9) ** 3, 0.3, 1.3) + 0 * y
    lay(picture, np.asarray(look.shirt, np.float32) * light[..., None], soft(inside, 0.08))
    return picture


def _head(look: Look) -> Float32Array:
    """The head in the frame, premultiplied: float32 [480, 360, 4]."""
    head = head_picture(look)
    head[..., :3] *= head[..., 3:]
    lay_mouth(head, look, HEAD, MouthPose(0.0, 0.0, 0.0))
    lay_eyes(head, look, HEAD, 1.0, (0.0, 0.0))
    scale = _UNIT_PX / HEAD.px_per_unit
    matrix = np.array([[scale, 0, 180 + HEAD.left * _UNIT_PX], [0, scale, 110 + HEAD.top * _UNIT_PX]], np.float64)
    return cv2.warpAffine(head, matrix, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_AREA).astype(np.float32)


def _lay_arm(picture: Float32Array, look: Look, side: int, wrist: _Point) -> None:
    """Sleeve, forearm, palm and five fingers. side: -1 is the left of the picture."""
    shoulder, hand = (side * _SHOULDER[0], _SHOULDER[1]), (side * wrist[0], wrist[1])
    along = (hand[0] - shoulder[0], hand[1] - shoulder[1])
    reach = math.hypot(*along)
    bend = math.sqrt(max(2.1**2 - (reach / 2) ** 2, 0.02))
    # The elbow lies outside and below.
    out = (-along[1] / reach, along[0] / reach)
    turn = side if out[0] > 0 else -side
    elbow = (shoulder[0] + along[0] / 2 + turn * bend * out[0], shoulder[1] + along[1] / 2 + turn * bend * out[1])
    _lay_limb(picture, look.shirt, shoulder, elbow, (0.52, 0.42))
    _lay_limb(picture, look.skin, elbow, hand, (0.36, 0.24))
    angle = math.atan2(hand[1] - elbow[1], hand[0] - elbow[0])
    palm = _ahead(hand, angle, 0.55)
    _lay_limb(picture, look.skin, _ahead(hand, angle, 0.15), palm, (0.28, 0.36))
    for spread, length in ((-0.36, 0.62), (-0.12, 0.72), (0.12, 0.68), (0.36, 0.54), (-side * 1.1, 0.5)):
        root = _ahead(palm, angle + 1.7 * spread, 0.25)
        _lay_limb(picture, look.skin, root, _ahead(root, angle + spread, length), (0.10, 0.08))


def _ahead(start: _Point, angle: float, length: float) -> _Point:
    return start[0] + length * math.cos(angle), start[1] + length * math.sin(angle)


def _lay_limb(picture: Float32Array, color: Rgb, start: _Point, end: _Point, radii: _Point) -> None:
    """A rounded cone, lit from the left."""
    x, y = _CANVAS.grid()
    dx, dy = end[0] - start[0], end[1] - start[1]
    share = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy), 0, 1)
    aside_x, aside_y = x - start[0] - share * dx, y - start[1] - share * dy
    radius = radii[0] + share * (radii[1] - radii[0])
    away = np.hypot(aside_x, aside_y) / radius
    light = 0.62 + 0.36 * np.sqrt(np.clip(1 - away**2, 0, 1)) - 0.10 * np.clip(aside_x / radius, -1, 1)
    lay(picture, np.asarray(color, np.float32) * light[..., None].astype(np.float32), soft((1 - away) * radius, 0.05))
