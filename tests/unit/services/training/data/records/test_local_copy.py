"""Records kept on the disk, up to a size."""

from __future__ import annotations

from pathlib import Path

from services.training.data.records.local_copy import LocalCopy


def held(copy: LocalCopy, count: int) -> list[int]:
    return [i for i in range(count) if copy.path("f", i).exists()]


def test_what_came_first_stays_and_what_has_no_room_is_not_kept(tmp_path: Path) -> None:
    copy = LocalCopy(tmp_path / "copy", 25)
    for i in range(4):
        copy.add("f", i, b"0123456789")
    assert held(copy, 4) == [0, 1]
    copy.add("f", 4, b"01234")
    assert held(copy, 5) == [0, 1, 4], "a small one has room yet"


def test_a_copy_of_before_is_counted(tmp_path: Path) -> None:
    LocalCopy(tmp_path, 25).add("f", 0, b"0" * 20)
    copy = LocalCopy(tmp_path, 25)
    copy.add("f", 1, b"0" * 10)
    assert held(copy, 2) == [0]


def test_what_other_processes_keep_is_counted_now_and_then(tmp_path: Path) -> None:
    mine, other = LocalCopy(tmp_path, 1000), LocalCopy(tmp_path, 1000)
    other.add("f", 999, b"0" * 950)
    for i in range(100):
        mine.add("f", i, b"0")
    assert len(held(mine, 100)) < 70


def test_nothing_is_kept_where_nothing_may_be(tmp_path: Path) -> None:
    LocalCopy(tmp_path / "copy", 0).add("f", 0, b"0")
    assert not (tmp_path / "copy").exists()


def test_a_folder_that_cannot_be_written_costs_the_copy_alone(tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"no folder")
    copy = LocalCopy(tmp_path / "copy", 100)
    copy.add("f", 0, b"0")
    assert not copy.path("f", 0).exists()
