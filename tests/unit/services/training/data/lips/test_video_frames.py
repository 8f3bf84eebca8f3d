"""Frames of a video are those of the file that was indexed."""

import hashlib
from pathlib import Path

import pytest
from lips_data import LipsExample, video_file

from services.base.errors import BadInput
from services.base.store.open import open_store
from services.training.data.lips.clips import LipsClip
from services.training.data.lips.reading import Reading
from services.training.data.lips.video_frames import VideoFrames


def test_a_file_that_was_replaced_is_refused(tmp_path: Path) -> None:
    content = video_file(LipsExample("a", "文字说").frames_THW())
    (tmp_path / "a.mp4").write_bytes(content)
    clip = LipsClip("a", "1", "KJ", "文字说", "a.mp4", hashlib.sha256(content).hexdigest(), 15)
    frames_of = VideoFrames(open_store(str(tmp_path)), Reading(32, 32, 25.0, "time", 12), "drop")
    assert frames_of(clip).shape == (12, 32, 32)
    (tmp_path / "a.mp4").write_bytes(content + b"x")
    with pytest.raises(BadInput, match="VIDEO_CHANGED"):
        frames_of(clip)
