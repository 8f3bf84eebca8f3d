"""What is known of videos is made once, kept, and made anew where it is damaged or the files are others."""

from pathlib import Path

import pytest
from lips_data import LipsExample, video_file

from services.base.errors import Transient
from services.base.store.interface import Entry
from services.base.store.open import open_store
from services.training.data.lips import video_index
from services.training.data.lips.video_index import index_from_json, index_name, open_video_index


@pytest.fixture
def videos(tmp_path: Path) -> list[Entry]:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.mp4").write_bytes(video_file(LipsExample("a", "文字").frames_THW()))
    (tmp_path / "data/b.mp4").write_bytes(b"not a video")
    return sorted(open_store(str(tmp_path / "data")).list(), key=lambda entry: entry.name)


def test_it_is_made_once_and_kept(tmp_path: Path, videos: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    data, state = open_store(str(tmp_path / "data")), open_store(str(tmp_path / "state"))
    index = open_video_index(data, videos, state)
    good, bad = index.of["a.mp4"], index.of["b.mp4"]
    assert good.length is not None
    assert (good.length.num_frames, good.length.height_px, round(good.length.seconds, 3)) == (10, 32, 0.4)
    assert (bad.length, bad.reason) == (None, "OPEN_FAILED")
    assert index_from_json(index.to_json()) == index
    monkeypatch.setattr(video_index, "length_of", None)
    assert open_video_index(data, videos, state) == index
    assert open_video_index(data, videos, state, makes=False) == index


def test_a_damaged_one_is_made_anew(tmp_path: Path, videos: list[Entry]) -> None:
    data, state = open_store(str(tmp_path / "data")), open_store(str(tmp_path / "state"))
    index = open_video_index(data, videos, state)
    state.put(index_name(videos), b"{")
    assert open_video_index(data, videos, state) == index


def test_other_files_have_another_name(videos: list[Entry]) -> None:
    assert index_name(videos) != index_name(videos[:1])


def test_one_that_another_process_makes_is_waited_for(
    tmp_path: Path, videos: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, state = open_store(str(tmp_path / "data")), open_store(str(tmp_path / "state"))
    made = open_video_index(data, videos, open_store(str(tmp_path / "other")))
    monkeypatch.setattr("time.sleep", lambda seconds: state.put(index_name(videos), made.to_json()))
    assert open_video_index(data, videos, state, makes=False) == made
    with pytest.raises(Transient, match=r"INDEX_MISSING.*rank 0"):
        open_video_index(data, videos, open_store(str(tmp_path / "none")), makes=False, limit_s=0)
