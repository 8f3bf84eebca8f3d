"""Frames of a video: grey, of one size, at one rate by time; or as the baseline takes them, by steps."""

import numpy as np
import pytest
from lips_data import LipsExample, video_file

from services.base.errors import BadInput
from services.base.media.clip import Media
from services.training.data.lips.reading import Reading
from services.training.data.lips.videos import frames_of, length_of


def media_of(rate_hz: int, num_frames: int = 60) -> Media:
    """Each frame is as bright as its number."""
    frames_THW = np.broadcast_to(np.arange(num_frames, dtype=np.uint8)[:, None, None] * 4, (num_frames, 32, 32))
    return Media.of_bytes("a.mp4", video_file(np.ascontiguousarray(frames_THW), rate_hz))


def reading(resample: str, max_frames: int = 500, size_px: int = 32) -> Reading:
    return Reading(size_px, size_px, 25.0, resample, max_frames)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rate_hz", "resample", "num_frames"),
    [(25, "time", 60), (30, "time", 50), (50, "time", 30), (25, "step", 60), (30, "step", 60), (50, "step", 30)],
)
def test_it_has_the_frames_of_its_time_or_of_its_steps(rate_hz: int, resample: str, num_frames: int) -> None:
    media = media_of(rate_hz)
    frames_THW = frames_of(media, reading(resample))
    assert frames_THW.shape == (num_frames, 32, 32)
    assert abs(length_of(media).at(25.0, resample) - num_frames) <= 1  # type: ignore[arg-type]
    shown = frames_THW.mean((1, 2)) / 4
    seconds = np.arange(num_frames) / 25.0
    wanted = seconds * rate_hz if resample == "time" else np.arange(num_frames) * max(1, rate_hz // 25)
    np.testing.assert_allclose(shown, wanted, atol=1.0)


def test_it_is_cut_and_scaled() -> None:
    frames_THW = frames_of(media_of(25), reading("time", max_frames=7, size_px=16))
    assert frames_THW.shape == (7, 16, 16)


def test_a_picture_is_what_was_drawn() -> None:
    one = LipsExample("k", "文字")
    frames_THW = frames_of(Media.of_bytes("a.mp4", video_file(one.frames_THW())), reading("time"))
    np.testing.assert_allclose(frames_THW, one.frames_THW(), atol=12)


def test_what_is_no_video_is_refused() -> None:
    with pytest.raises(BadInput):
        length_of(Media.of_bytes("a.mp4", b"not a video"))
