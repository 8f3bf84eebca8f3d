"""What planning cannot read is a finding about that clip, whatever kept it from being read, and costs no other clip."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from orchestrator.access.request import RunRequest
from orchestrator.cli.datasets import plan
from orchestrator.cli.datasets.deep import find_leaks
from orchestrator.cli.datasets.plan import check_labels
from orchestrator.cli.main import main
from orchestrator.pipelines.grid.pipeline import PIPELINE
from orchestrator.planner.reading import Unread, media_sha256, of_all, reading
from orchestrator.planner.services import service_lines
from services.base.errors import BadConfig, Transient
from services.base.media.clip import Media
from services.base.run.manifest import ClipRow, Extra
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.open import open_store


def row(name: str, split: str = "train") -> ClipRow:
    extra = Extra("align", f"{name}.align", 1, "v")
    return ClipRow(name, name, "s1", f"{name}.mpg", split, 0, 0, 0, 1, "v", (extra,))


ORDER = RunSpec("run", "grid", "digest", (PinnedStage("decode"),), "in", "out", 1, 1, "sha256", {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three clips that can be read, two of them of the same bytes in two splits, and one of each kind that cannot."""
    for name, data in (("a", b"same"), ("b", b"same"), ("c", b"other")):
        (tmp_path / f"{name}.mpg").write_bytes(data)
    (tmp_path / "directory.mpg").mkdir()
    (tmp_path / "dangling.mpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "outside.mpg").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe.mpg")
    (tmp_path / "loop.mpg").symlink_to(tmp_path / "loop.mpg")
    return tmp_path


def test_each_file_that_cannot_be_read_is_a_finding_and_the_others_are_compared(folder):
    """Those that can be read are no videos, which is a finding as well, about each of them."""
    bad = ["gone", "directory", "dangling", "outside", "pipe", "loop"]
    rows = [row("a"), row("b", "test"), row("c"), *map(row, bad)]
    leaks, unread = find_leaks(ORDER, rows, open_store(folder))
    assert [str(leak) for leak in leaks] == ["b (test) = a (train)"]
    assert {path: unread.pop(path).reason for path in ("a.mpg", "b.mpg", "c.mpg")} == {
        "a.mpg": "OPEN_FAILED",
        "b.mpg": "OPEN_FAILED",
        "c.mpg": "OPEN_FAILED",
    }
    assert {path: found.reason for path, found in unread.items()} == {
        "gone.mpg": "NOT_THERE",
        "directory.mpg": "NOT_A_FILE",
        "dangling.mpg": "NOT_THERE",
        "outside.mpg": "OUTSIDE_ROOT",
        "pipe.mpg": "NOT_A_FILE",
        "loop.mpg": unread["loop.mpg"].reason,
    }
    assert all(found.message for found in unread.values())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ENOENT, errno.ENXIO, errno.ESTALE])
def test_an_error_of_the_disk_in_the_middle_of_a_file_is_a_finding(folder, monkeypatch, number):
    def fails(path: Path, name: str = "") -> Media:
        if path.name == "b.mpg":
            raise OSError(number, os.strerror(number))
        return whole(path, name)

    whole = Media.of_file
    monkeypatch.setattr(Media, "of_file", staticmethod(fails))
    leaks, unread = find_leaks(ORDER, [row("a"), row("b", "test"), row("c")], open_store(folder))
    assert (leaks, list(unread)) == ([], ["b.mpg"])
    assert unread["b.mpg"].reason == "NOT_READABLE" and os.strerror(number) in unread["b.mpg"].message


def test_clips_of_one_split_are_read_and_not_decoded(folder):
    leaks, unread = find_leaks(ORDER, [row("a"), row("b"), row("c")], open_store(folder))
    assert (leaks, unread) == ([], {})


def test_what_is_wrong_with_the_decoding_itself_ends_the_plan():
    with pytest.raises(BadConfig, match="UNKNOWN_STAGE"):
        list(service_lines("decoding", "once", "a.mpg", limit_s=60))


def test_a_file_that_vanishes_after_it_was_listed_is_a_finding(folder):
    inputs = open_store(folder)

    def read_and_lose_the_next(one: ClipRow) -> str:
        found = media_sha256(inputs, one.media)
        (folder / "b.mpg").unlink(missing_ok=True)
        return found

    first, second = of_all([row("a")], read_and_lose_the_next), of_all([row("b")], read_and_lose_the_next)
    assert isinstance(next(first), str)
    lost = next(second)
    assert isinstance(lost, Unread) and (lost.path, lost.reason) == ("b.mpg", "NOT_THERE")


def test_labels_that_cannot_be_read_leave_their_clips_out(folder):
    (folder / "a.align").write_bytes(b"0 100 bin\n100 200 blue\n")
    (folder / "b.align").mkdir()
    findings, unread = check_labels(PIPELINE, [row("a"), row("b"), row("c")], open_store(folder))
    assert [path for path, _, _ in findings if path != "a.mpg"] == []
    assert {path: found.reason for path, found in unread.items()} == {"b.mpg": "NOT_A_FILE", "c.mpg": "NOT_THERE"}


@pytest.mark.parametrize("error", [BadConfig("NO_CREDENTIALS", "m"), Transient("STORE_UNREACHABLE", "m")])
def test_what_is_wrong_with_more_than_one_file_ends_the_plan(error):
    def fails(_: ClipRow) -> None:
        raise error

    with pytest.raises(type(error)):
        reading(row("a"), fails)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--deep"], "problems (2): 2 NOT_THERE"),
        ([], "tried a.mp4: NOT_THERE"),
        (["--deep", "--sample=0"], "2 NOT_THERE"),
    ],
)
def test_a_plan_with_clips_that_cannot_be_read_says_so_and_exits_with_3(tmp_path, monkeypatch, capsys, flags, says):
    """The whole command: clips vanish between listing and reading."""
    for name in ("a", "b"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{name}.mp4").write_bytes(name.encode() * 100)
    listed = plan.plan_of

    def planned_and_lost(request: RunRequest, **how: Any):
        made = listed(request, **how)
        for path in (tmp_path / "in").glob("*.mp4"):
            path.unlink()
        return made

    monkeypatch.setattr(plan, "plan_of", planned_and_lost)
    words = ["plan", "sign", str(tmp_path / "in"), str(tmp_path / "out"), "--write-keypoints", *flags]
    assert main(words) == 3
    assert says in capsys.readouterr().out
