"""Which facts raise which flag."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from services.base.media.points import PointSource
from services.base.media.video import DecodeFacts
from services.lips.crops import Crops
from services.records.frame_quality import FrameFacts
from services.records.lips.quality import FLAGS, SERIOUS, clip_quality, flags_of

T = 30


def frames(**bad: int) -> FrameFacts:
    def first(name: str) -> Any:
        return np.arange(T) < bad.get(name, 0)

    return FrameFacts(first("grey").astype(float), np.where(first("dark"), 1.0, 99.0), first("frozen"), first("still"))


@pytest.mark.parametrize(
    ("found", "facts", "expected"),
    [
        (frames(), DecodeFacts(T), ()),
        (frames(grey=1), DecodeFacts(T), ("GREY_FRAMES",)),
        (frames(dark=1), DecodeFacts(T), ("DARK_FRAMES",)),
        (frames(frozen=2), DecodeFacts(T, num_held=2), ()),
        (frames(frozen=3), DecodeFacts(T, num_held=2), ("FROZEN_FRAMES",)),
        (frames(), DecodeFacts(T, num_corrupt=1), ("CORRUPT_FRAMES",)),
        (frames(), DecodeFacts(T, ended_early=True), ("CORRUPT_FRAMES",)),
        (frames(), DecodeFacts(T, num_lost=1, num_restarts=1), ("FRAMES_LOST", "TIMES_RESTART")),
    ],
)
def test_pictures_and_their_decoder_raise_flags(
    found: FrameFacts, facts: DecodeFacts, expected: tuple[str, ...]
) -> None:
    assert flags_of(clip_quality(found, None, None, None, facts)) == expected


def test_faces_raise_flags(make_face) -> None:
    face = make_face([(180.0, 180.0)] * T)
    fine = Crops((1.0, 1.2), (1.0, 1.2))
    assert flags_of(clip_quality(frames(), fine, face, None, None)) == ()
    assert flags_of(clip_quality(frames(), Crops((1.0, 2.5), (1.0, 2.5)), face, None, None)) == ("FACE_SMALL",)
    face.source_T[3:20] = PointSource.INTERPOLATED
    assert flags_of(clip_quality(frames(), fine, face, None, None)) == ("FACE_LOST", "FACE_LOST_LONG")


def test_every_serious_flag_is_explained() -> None:
    assert set(SERIOUS) <= FLAGS.keys()
