"""Files of ids appear together, or not at all."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.text.retokenize.staging import Staging, id_files


def test_nothing_is_seen_before_all_is_published(tmp_path: Path) -> None:
    (tmp_path / "text_ids").mkdir()
    (tmp_path / "text_ids" / "a.npy").write_bytes(b"old")
    with Staging(str(tmp_path)) as staging:
        files = id_files(str(tmp_path))
        files.write("a", b"new")
        files.write("s/b", b"b")
        assert (files.read("a"), files.read("s/b")) == (b"old", None)
        staging.publish()
        assert (files.read("a"), files.read("s/b")) == (b"new", b"b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text_ids"]


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Staging(str(tmp_path)):
        id_files(str(tmp_path)).write("a", b"new")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_not_published(tmp_path: Path) -> None:
    Staging(str(tmp_path)).__enter__()
    id_files(str(tmp_path)).write("gone", b"half")
    with Staging(str(tmp_path)) as staging:
        staging.publish()
    assert list(tmp_path.rglob("*.npy")) == []


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    with Staging(str(tmp_path)), pytest.raises(BadConfig, match="another process") as refused:
        Staging(str(tmp_path)).__enter__()
    assert refused.value.reason == "OUTPUT_BUSY"


def test_a_store_without_renames_takes_each_file_whole(tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/out"
    with Staging(uri) as staging:
        id_files(uri).write("s/a", b"x")
        staging.publish()
    assert (tmp_path / "out" / "text_ids" / "s" / "a.npy").read_bytes() == b"x"
    assert id_files(uri).read("none") is None


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadConfig), Staging(str(tmp_path / "file")):
        pass
