"""The videos that options name, each a data set of its own, and steps that may be skipped where they are done."""

import json
from pathlib import Path

import pytest

from orchestrator.pipelines.talker.options import TalkerOptions
from orchestrator.pipelines.talker.sets import sets
from services.base.errors import BadConfig
from services.base.run.spec import RunSpec


def nothing_held(output_root: str) -> list[RunSpec]:
    del output_root
    return []


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "my videos"
    folder.mkdir()
    for name in ("b.mp4", "a.mov", "notes.txt"):
        (folder / name).write_bytes(b"x")
    (folder / "inner").mkdir()
    (folder / "inner" / "c.mp4").write_bytes(b"x")
    return folder


def test_one_video_is_one_data_set_below_the_root(videos: Path):
    (found,) = sets(TalkerOptions(video_path=str(videos / "b.mp4"), name="obama"), "/dataset", nothing_held)
    assert (found.label, found.output_root, found.options.video_path) == (
        "obama",
        "/dataset/obama",
        str(videos / "b.mp4"),
    )
    assert sets(TalkerOptions(video_path="b.mp4"), "/dataset", nothing_held)[0].label == "b"


def test_a_folder_gives_its_own_videos(videos: Path):
    found = sets(TalkerOptions(video_dir=str(videos), asr_model="mel"), "/dataset", nothing_held)
    assert [(one.label, one.options.video_path) for one in found] == [
        ("a", f"{videos}/a.mov"),
        ("b", f"{videos}/b.mp4"),
    ]
    assert {(one.options.asr_model, one.options.video_dir) for one in found} == {("mel", "")}


def test_an_entry_may_have_a_model_of_its_own(videos: Path, tmp_path: Path):
    config = tmp_path / "config.json"
    entries = [
        {"path": f"{videos}/b.mp4", "name": "one", "asr_model": "mel"},
        {"path": f"{videos}/a.mov", "name": "two"},
    ]
    config.write_text(json.dumps({"videos": entries}))
    found = sets(TalkerOptions(json_config=str(config)), "/dataset", nothing_held)
    assert [(one.label, one.options.asr_model) for one in found] == [("one", "mel"), ("two", "ave")]


def test_backslashes_are_separators_where_the_file_is_found_so(videos: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(videos.parent)
    text = tmp_path / "videos.txt"
    text.write_text("my videos\\b.mp4 one\nelse\\where.mp4 two\n")
    found = sets(TalkerOptions(video_list=str(text)), "/dataset", nothing_held)
    assert found[0].options.video_path == str(videos / "b.mp4")
    assert found[1].options.video_path == str(videos.parent / "else\\where.mp4")


def test_a_list_that_is_no_text_or_not_there_is_refused(tmp_path: Path):
    (tmp_path / "list").write_bytes(b"\xff\xfe\x00")
    for file, said in (
        (tmp_path / "list", "no text"),
        (tmp_path / "none", "cannot be read"),
        (tmp_path, "cannot be read"),
    ):
        with pytest.raises(BadConfig, match=said):
            sets(TalkerOptions(video_list=str(file)), "/dataset", nothing_held)


def test_without_a_video_it_says_how_to_name_one():
    with pytest.raises(BadConfig, match="no video is named"):
        sets(TalkerOptions(), "/dataset", nothing_held)


@pytest.mark.parametrize("flag", ["skip_frames", "skip_landmarks", "skip_audio"])
def test_a_step_whose_result_is_not_there_cannot_be_skipped(videos: Path, flag: str):
    options = TalkerOptions(video_path=str(videos / "b.mp4"), **{flag: True})  # type: ignore[arg-type]
    with pytest.raises(BadConfig, match="SKIPPED_STEP_MISSING") as caught:
        sets(options, "/dataset", nothing_held)
    assert "visemill run talker" in caught.value.message
