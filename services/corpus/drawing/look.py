"""How a speaker of the demo corpus looks and sounds, drawn from (seed, speaker). Nobody's portrait."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from services.corpus.drawing.paint import Rgb, mixed

WIDTH_PX, HEIGHT_PX = 360, 288
"""Of a frame of most corpora."""

HAIR_STYLES = ("short", "parted", "long", "tied", "curly")

# (skin, lips, hair, iris): sRGB in 0..1. Neighbours in the list differ, so that a small corpus already shows variety.
_COMPLEXIONS: tuple[tuple[Rgb, Rgb, Rgb, Rgb], ...] = (
    ((0.90, 0.72, 0.61), (0.74, 0.42, 0.40), (0.24, 0.16, 0.11), (0.32, 0.42, 0.50)),
    ((0.64, 0.45, 0.34), (0.52, 0.24, 0.23), (0.08, 0.065, 0.06), (0.20, 0.12, 0.08)),
    ((0.94, 0.78, 0.68), (0.80, 0.47, 0.46), (0.55, 0.40, 0.22), (0.36, 0.46, 0.36)),
    ((0.80, 0.60, 0.46), (0.66, 0.36, 0.33), (0.10, 0.08, 0.07), (0.24, 0.15, 0.10)),
    ((0.88, 0.69, 0.55), (0.72, 0.41, 0.38), (0.13, 0.10, 0.09), (0.22, 0.15, 0.11)),
    ((0.70, 0.50, 0.38), (0.57, 0.28, 0.26), (0.11, 0.085, 0.075), (0.23, 0.14, 0.09)),
    ((0.92, 0.75, 0.66), (0.77, 0.44, 0.43), (0.42, 0.20, 0.11), (0.30, 0.44, 0.40)),
)
_ROOMS: tuple[Rgb, ...] = (
    (0.22, 0.55, 0.74),
    (0.58, 0.64, 0.56),
    (0.66, 0.56, 0.50),
    (0.40, 0.47, 0.62),
    (0.32, 0.58, 0.58),
    (0.62, 0.60, 0.66),
)
_SHIRTS: tuple[Rgb, ...] = (
    (0.24, 0.32, 0.46),
    (0.78, 0.76, 0.70),
    (0.44, 0.20, 0.22),
    (0.22, 0.36, 0.30),
    (0.32, 0.30, 0.34),
    (0.70, 0.58, 0.34),
)


@dataclass(frozen=True)
class Look:
    """A speaker. Colours are sRGB in 0..1; lengths are head units unless they say px.

    size_px: pixels of one head unit, half a face's width. eyes_x_px, eyes_y_px: where the middle of the eyes rests.
    width_px, height_px: of the frame.
    jaw, chin, cheek: widths and length of the lower face about 1.0. brow_weight, lip_weight, nose_width: about 1.0.
    stubble: 0..1. pitch_hz: of the voice.
    """

    name: str
    size_px: float
    eyes_x_px: float
    eyes_y_px: float
    skin: Rgb
    lips: Rgb
    hair: Rgb
    iris: Rgb
    room: Rgb
    shirt: Rgb
    hair_style: str
    jaw: float
    chin: float
    cheek: float
    brow_weight: float
    brow_arch: float
    lip_weight: float
    nose_width: float
    eye_size: float
    stubble: float
    pitch_hz: float
    width_px: int = WIDTH_PX
    height_px: int = HEIGHT_PX

    def __post_init__(self) -> None:
        if self.hair_style not in HAIR_STYLES:
            raise ValueError(f"hair_style must be one of {', '.join(HAIR_STYLES)}, not {self.hair_style!r}")
        least_px, most_px = 50 * self.scale, 72 * self.scale
        if not least_px <= self.size_px <= most_px or self.width_px < self.height_px:
            raise ValueError(
                f"size_px must be {least_px:g}..{most_px:g}, so that a frame {self.height_px} px high and no narrower "
                f"holds the head, not {self.size_px} in {self.width_px}x{self.height_px}"
            )

    @property
    def scale(self) -> float:
        """The frame's height over that of the corpus' small frames."""
        return self.height_px / HEIGHT_PX

    def in_square(self, side_px: int) -> Look:
        """The same speaker in a square frame, a little higher in it, so that it holds what is below the chin."""
        scale = side_px / self.height_px
        return replace(
            self,
            size_px=scale * self.size_px,
            eyes_x_px=side_px / 2 + scale * (self.eyes_x_px - self.width_px / 2),
            eyes_y_px=scale * (self.eyes_y_px - 10),
            width_px=side_px,
            height_px=side_px,
        )


def look_of(seed: int, speaker: int) -> Look:
    """The speaker's look, number 1 upwards: a function of its arguments."""
    draw = random.Random(f"look:{seed}:{speaker}")  # noqa: S311
    turn = seed + speaker - 1
    skin, lips, hair, iris = _COMPLEXIONS[turn % len(_COMPLEXIONS)]
    style = HAIR_STYLES[(seed + 2 * (speaker - 1)) % len(HAIR_STYLES)]
    bearded = style in ("short", "curly")
    size_px = draw.uniform(57, 64)
    return Look(
        name=f"s{speaker}",
        size_px=size_px,
        eyes_x_px=180 + draw.uniform(-14, 14),
        eyes_y_px=136 + draw.uniform(-7, 6),
        skin=mixed(skin, (0.85, 0.62, 0.50), draw.uniform(0, 0.12)),
        lips=lips,
        hair=mixed(hair, (0.35, 0.25, 0.18), draw.uniform(0, 0.15)),
        iris=iris,
        room=_ROOMS[turn % len(_ROOMS)],
        shirt=_SHIRTS[turn % len(_SHIRTS)],
        hair_style=style,
        jaw=draw.uniform(0.98, 1.05) if bearded else draw.uniform(0.92, 0.98),
        chin=draw.uniform(0.97, 1.03),
        cheek=draw.uniform(0.97, 1.02),
        brow_weight=draw.uniform(1.0, 1.25) if bearded else draw.uniform(0.88, 1.02),
        brow_arch=draw.uniform(0.02, 0.06) if bearded else draw.uniform(0.06, 0.10),
        lip_weight=draw.uniform(0.82, 0.95) if bearded else draw.uniform(0.98, 1.12),
        nose_width=draw.uniform(1.0, 1.1) if bearded else draw.uniform(0.9, 1.0),
        eye_size=draw.uniform(0.96, 1.02) if bearded else draw.uniform(1.0, 1.08),
        stubble=draw.uniform(0.15, 0.5) if bearded else 0.0,
        pitch_hz=draw.uniform(95, 130) if bearded else draw.uniform(175, 225),
    )
