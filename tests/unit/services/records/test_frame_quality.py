import numpy as np
import pytest

from services.base.media.arrays import UInt8Array
from services.records.frame_quality import FrameFacts, FrameMeter

RNG = np.random.default_rng(0)


def picture(seed: int = 0) -> UInt8Array:
    return np.random.default_rng(seed).integers(0, 256, (96, 128, 3), np.uint8)


def measured(*frames: UInt8Array, chunk: int = 100) -> FrameFacts:
    meter = FrameMeter()
    for i in range(0, len(frames), chunk):
        meter.push(np.stack(frames[i : i + chunk]))
    return meter.facts()


def half_grey(seed: int) -> UInt8Array:
    frame = picture(seed)
    frame[:48] = 128
    return frame


def test_frames_that_are_partly_the_decoders_grey_stand_out() -> None:
    grey = np.full((96, 128, 3), 129, np.uint8)
    assert measured(grey, half_grey(1), picture(2), picture(3)).grey_T.tolist() == [True, True, False, False]


def test_a_grey_wall_behind_the_speaker_is_no_grey_frame() -> None:
    assert not measured(*(half_grey(i) for i in range(5))).grey_T.any()


def test_a_clip_that_is_all_grey_is_grey() -> None:
    assert measured(*[np.full((96, 128, 3), 120, np.uint8)] * 3).grey_T.all()


@pytest.mark.parametrize("level", [115, 141])
def test_grey_is_within_twelve_levels_of_the_middle(level: int) -> None:
    assert measured(np.full((96, 128, 3), level, np.uint8)).grey_share_T.tolist() == [0.0]
    inside = level + (1 if level < 128 else -1)
    assert measured(np.full((96, 128, 3), inside, np.uint8)).grey_share_T.tolist() == [1.0]


def test_dark_frames_have_no_light_in_any_channel() -> None:
    black, blue = np.full((96, 128, 3), 10, np.uint8), np.full((96, 128, 3), 10, np.uint8)
    blue[..., 2] = 200
    assert measured(black, blue).dark_T.tolist() == [True, False]


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_a_frame_is_frozen_only_if_every_pixel_is_the_last_ones(chunk: int) -> None:
    first = picture()
    nearly = first.copy()
    nearly[3, 5, 1] ^= 1
    facts = measured(first, first, nearly, nearly, first, chunk=chunk)
    assert facts.frozen_T.tolist() == [False, True, False, True, False]


def test_chunks_do_not_show() -> None:
    frames = [half_grey(i) for i in range(7)]
    whole, single = measured(*frames), measured(*frames, chunk=1)
    assert np.array_equal(whole.grey_share_T, single.grey_share_T)
    assert np.array_equal(whole.light_T, single.light_T)


def test_the_caller_may_reuse_its_frames() -> None:
    meter, frames_THWC = FrameMeter(), picture()[None].copy()
    meter.push(frames_THWC)
    frames_THWC[:] = picture(1)
    meter.push(frames_THWC)
    assert meter.facts().frozen_T.tolist() == [False, False]


def test_no_frames_and_tiny_frames_are_measured_too() -> None:
    assert len(measured().grey_T) == 0
    meter = FrameMeter()
    meter.push(np.empty((0, 4, 4, 3), np.uint8))
    meter.push(np.zeros((2, 1, 1, 3), np.uint8))
    assert meter.facts().dark_T.tolist() == [True, True]


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_a_frame_is_still_if_no_camera_took_it_after_the_last(chunk: int) -> None:
    first = np.clip(picture(), 20, 235)
    coded_again = first.copy()
    coded_again[::16] += 1
    noisy = first + RNG.integers(-2, 3, first.shape).astype(np.uint8)
    assert measured(first, first, coded_again, noisy, first, chunk=chunk).still_T.tolist() == [
        False, True, True, False, False,
    ]  # fmt: skip
