"""Faults made on purpose."""

import io
import struct

import av
import numpy as np
import pytest

from services.corpus.broken import FAULTS, HUGE_PX, NUM_GREY_FRAMES, Fault, align_of, grey_frames, huge_header
from services.corpus.clip import Take
from services.corpus.drawing.frames import Actor
from services.corpus.drawing.look import look_of

TAKE = Take.of(0, 1, ("bin", "blue", "at", "f", "two", "now"))


def fault(reason: str) -> Fault:
    return next(fault for fault in FAULTS if fault.reason == reason)


def test_each_fault_has_its_own_reason() -> None:
    assert {fault.reason for fault in FAULTS} == {
        *("EMPTY_FILE", "OPEN_FAILED", "SHORT_CLIP", "MISSING_ALIGN", "MISSING_MEDIA"),
        *("BAD_ALIGN", "TOO_MANY_PIXELS", "GREY_FRAMES"),
    }
    assert len(FAULTS) == 8


def test_a_huge_picture_is_claimed_in_few_bytes() -> None:
    header = huge_header()
    assert len(header) < 1000
    with av.open(io.BytesIO(header)) as container:
        assert container.streams.video[0].codec_context.name == "mjpeg"
    in_container, in_picture = struct.pack("<II", HUGE_PX, HUGE_PX), struct.pack(">HH", HUGE_PX, HUGE_PX)
    assert header.count(in_container) == 2
    assert header.count(in_picture) == 1


def test_one_row_of_a_bad_alignment_is_none() -> None:
    make = fault("BAD_ALIGN").align
    assert make is not None
    good, bad = align_of(TAKE).splitlines(), make(TAKE).splitlines()
    differing = [(a.split(), b.split()) for a, b in zip(good, bad, strict=True) if a != b]
    assert len(differing) == 1
    assert differing[0][1] == [differing[0][0][0], b"soon", differing[0][0][2]]


def test_only_the_missing_file_is_missing() -> None:
    assert {f.reason for f in FAULTS if f.media is None} == {"MISSING_MEDIA"}
    assert {f.reason for f in FAULTS if f.align is None} == {"MISSING_ALIGN"}


@pytest.mark.parametrize(("reason", "data"), [("EMPTY_FILE", b""), ("OPEN_FAILED", b"This is a note")])
def test_a_clip_that_is_none(reason: str, data: bytes) -> None:
    make = fault(reason).media
    assert make is not None
    made = make(Actor.of(look_of(0, 1)), TAKE)
    assert made.startswith(data)
    assert bool(made) == bool(data)


def test_the_first_frames_lose_their_colour_and_the_rest_is_untouched() -> None:
    frames = list(np.random.RandomState(0).randint(0, 256, (20, 64, 96, 3)).astype(np.uint8))
    spoiled = grey_frames(frames, "x")
    assert all((frame == 128).all() for frame in spoiled[:1])
    assert all((np.ptp(frame.astype(int), axis=2) == 0).mean() > 0.5 for frame in spoiled[:NUM_GREY_FRAMES])
    np.testing.assert_array_equal(spoiled[NUM_GREY_FRAMES:], frames[NUM_GREY_FRAMES:])
