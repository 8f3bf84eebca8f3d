"""A video as a data set of one clip, and what is wrong with one that is none."""

from pathlib import Path

import pytest

from orchestrator.pipelines.base import Inputs
from orchestrator.pipelines.talker.options import TalkerOptions
from orchestrator.pipelines.talker.reading import count, default_root, read
from services.base.errors import BadConfig


def test_the_clip_is_named_as_its_folder(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"12345")
    options = TalkerOptions(video_path=str(tmp_path / "a.mp4"), name="obama", asr_model="mel")
    found = read(Inputs((), str(tmp_path)), options)
    (row,) = found.rows
    assert (row.key, row.utterance_id, row.media, row.size_bytes) == ("obama", "obama", "a.mp4", 5)
    assert found.details["video"]["size_bytes"] == 5 and not found.appends and not found.notes
    assert default_root(options) == str(tmp_path)
    assert count(Inputs((), str(tmp_path)), options) == 1


def test_a_video_whose_folder_is_not_there_either_is_what_is_missing(tmp_path: Path) -> None:
    options = TalkerOptions(video_path=str(tmp_path / "gone" / "further" / "a.mp4"), name="a")
    assert default_root(options) == str(tmp_path)
    assert default_root(TalkerOptions(video_path="s3://bucket/gone/a.mp4", name="a")) == "s3://bucket/gone"


def test_features_alone_are_added(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"12345")
    options = TalkerOptions(video_path=str(tmp_path / "a.mp4"), name="a", asr_model="mel", parts="features")
    assert read(Inputs((), str(tmp_path)), options).appends


def test_random_weights_are_said(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"12345")
    options = TalkerOptions(video_path=str(tmp_path / "a.mp4"), name="a")
    assert "RANDOM_WEIGHTS" in read(Inputs((), str(tmp_path)), options).notes[0]


@pytest.mark.parametrize(
    ("made", "reason"), [("none", "VIDEO_MISSING"), ("empty", "EMPTY_FILE"), ("folder", "NOT_A_FILE")]
)
def test_what_is_no_video_is_a_problem(tmp_path: Path, made: str, reason: str):
    path = tmp_path / "a.mp4"
    if made == "empty":
        path.touch()
    elif made == "folder":
        path.mkdir()
    found = read(Inputs((), str(tmp_path)), TalkerOptions(video_path=str(path), name="a"))
    assert not found.rows and [problem.reason for problem in found.problems] == [reason]


def test_a_plan_needs_a_video():
    with pytest.raises(BadConfig, match="no video is named"):
        read(Inputs((), "/"), TalkerOptions())
