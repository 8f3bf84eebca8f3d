"""Clips as batches: uint8 frames without what is cut, and black ones for a video that breaks, where that is wanted."""

from pathlib import Path

import pytest
from lips_data import LipsExample, video_file

from services.base.errors import BadInput
from services.base.store.open import open_store
from services.training.data.lips import video_frames as module
from services.training.data.lips.clips import LipsClip, LipsClips
from services.training.data.lips.reading import Reading, Unreadable
from services.training.data.lips.video_frames import VideoFrames

pytest.importorskip("torch")


def clips_in(folder: Path, unreadable: Unreadable = "drop", max_frames: int = 12) -> LipsClips:
    content = video_file(LipsExample("a", "文字说").frames_THW())
    (folder / "a.mp4").write_bytes(content)
    import hashlib

    clip = LipsClip("a", "1", "KJ", "文字说", "a.mp4", hashlib.sha256(content).hexdigest(), 15)
    reading = Reading(32, 32, 25.0, "time", max_frames)
    return LipsClips([clip], VideoFrames(open_store(str(folder)), reading, unreadable), reading, "d")


def test_a_batch_has_frames_lengths_and_texts(tmp_path: Path) -> None:
    clips = clips_in(tmp_path)
    batch = clips.read([0], "")
    assert (tuple(batch["frames_BTHWC"].shape), batch["lengths_B"].tolist()) == ((1, 12, 32, 32, 1), [12])
    assert (batch["keys"], batch["speakers"], batch["texts"]) == (["a"], ["1"], ["文字说"])
    assert clips.share_cut == 1.0
    (item,) = clips.items
    assert (item.cost, item.num_labels) == (12, 3)


def test_a_video_that_breaks_is_left_out_or_black(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise BadInput("OPEN_FAILED", "broken")

    monkeypatch.setattr(module, "frames_of", broken)
    with pytest.raises(BadInput, match="OPEN_FAILED"):
        clips_in(tmp_path).read([0], "")
    batch = clips_in(tmp_path, "zeros").read([0], "")
    assert batch["lengths_B"].tolist() == [12]
    assert not batch["frames_BTHWC"].any()
