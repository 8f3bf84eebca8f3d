"""Manifests split anew: lines keep their bytes, all files or none."""

import functools
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.base.process.external_sort import ExternalSort
from services.base.store.local.folder import LocalFolder
from services.records.tts.names import MANIFESTS, PROGRESS_FILE, STATS_FILE
from services.records.tts.resplit import resplit

TRAIN, VAL = MANIFESTS


def line(clip_id: str | int, **fields: object) -> str:
    return json.dumps({"id": clip_id, "text": "ሰላም", **fields}, ensure_ascii=False) + "\n"


def chosen(*ids: str) -> Callable[[object], frozenset[str]]:
    return lambda _ids: frozenset(ids)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Four clips in the order d, c, b, a; two of them in val."""
    (tmp_path / TRAIN).write_text(line("c", speaker="s1", mine=[1, 2]) + line("a", x=1.50))
    (tmp_path / VAL).write_text(line("d", language="am") + line("b"))
    (tmp_path / PROGRESS_FILE).write_text("d\nc\nb\na\n")
    stats = {"total": 4, "train": 2, "val": 2, "tokenizer": "bpe.model", "gpt_checkpoint": "gpt.pth", "mine": "kept"}
    (tmp_path / STATS_FILE).write_text(json.dumps(stats, indent=2) + "\n")
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_lines_move_as_they_are_and_come_in_the_order_of_the_data_set(output: Path) -> None:
    made = resplit(str(output), chosen("c", "unknown"))
    assert (output / VAL).read_text() == line("c", speaker="s1", mine=[1, 2])
    assert (output / TRAIN).read_text() == line("d", language="am") + line("b") + line("a", x=1.50)
    assert (made.num_train, made.num_val, made.num_moved) == (3, 1, 3)
    assert (made.in_val, made.speakers) == ([False, True, False, False], ["", "s1", "", ""])
    stats = json.loads((output / STATS_FILE).read_text())
    assert list(stats.items())[:3] == [("total", 4), ("train", 3), ("val", 1)]
    assert (stats["tokenizer"], stats["mine"]) == ("bpe.model", "kept")
    assert sorted(files(output)) == sorted([*MANIFESTS, PROGRESS_FILE, STATS_FILE])


def test_a_split_that_is_split_back_is_the_same_bytes(output: Path) -> None:
    before = files(output)
    resplit(str(output), chosen("a", "b", "c", "d"))
    assert (output / TRAIN).read_bytes() == b""
    resplit(str(output), chosen("b", "d"))
    assert files(output) == before


def test_ids_are_offered_in_the_order_of_the_data_set_and_unknown_ones_last(output: Path) -> None:
    (output / PROGRESS_FILE).write_text("b\na\nb\nof no clip\n")
    offered: list[str] = []
    resplit(str(output), lambda ids: offered.extend(ids) or frozenset())
    assert offered == ["b", "a", "c", "d"]
    (output / PROGRESS_FILE).unlink()
    resplit(str(output), lambda ids: offered.extend(ids) or frozenset())
    assert offered[4:] == ["b", "a", "c", "d"], "then as they stand"


def test_an_output_of_another_script_may_lack_the_other_files(tmp_path: Path) -> None:
    (tmp_path / TRAIN).write_bytes(b"\xef\xbb\xbf" + line(7).encode() + b"\r\n" + line("b").encode().rstrip())
    made = resplit(str(tmp_path), chosen("7"))
    assert (made.num_train, made.num_val) == (1, 1)
    assert (tmp_path / VAL).read_text() == line(7)
    assert json.loads((tmp_path / STATS_FILE).read_text()) == {"total": 2, "train": 1, "val": 1}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("{", "line 2 of train_manifest.jsonl"),
        ("[1]", "line 2 of train_manifest.jsonl"),
        ('{"text": "x"}', "line 2 of train_manifest.jsonl: it is no object with an id"),
        ('{"id": ""}', "its id is ''"),
        ('{"id": true}', "its id is True"),
        (r'{"id": "\ud800"}', "line 2 of train_manifest.jsonl"),
        ('{"id": "b"}', "has a line of 'b', which another line is of too"),
    ],
)
def test_what_is_no_clip_changes_nothing(output: Path, data: str, said: str) -> None:
    (output / TRAIN).write_text(line("c") + data + "\n")
    before = files(output)
    with pytest.raises(BadConfig, match="BAD_MANIFEST") as refused:
        resplit(str(output), chosen())
    assert said in refused.value.message
    assert files(output) == before


def test_statistics_that_are_none_change_nothing(output: Path) -> None:
    (output / STATS_FILE).write_text("[")
    before = files(output)
    with pytest.raises(BadConfig, match="BAD_STATS"):
        resplit(str(output), chosen())
    assert files(output) == before


def test_a_folder_without_manifests_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="NO_MANIFEST"):
        resplit(str(tmp_path), chosen())


class Killed(BaseException):
    """As if the process had died."""


@pytest.mark.parametrize("at", range(4))
def test_a_split_that_is_killed_is_finished_by_the_next_or_has_changed_nothing(
    output: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Of three moves: before the first, between, and after the last."""
    before = files(output)
    num_moves = 0
    move = LocalFolder.move

    def moving(self: LocalFolder, source: str, target: str) -> None:
        nonlocal num_moves
        if num_moves == at:
            raise Killed
        num_moves += 1
        move(self, source, target)

    with monkeypatch.context() as patched:
        patched.setattr(LocalFolder, "move", moving)
        if at == 3:
            patched.setattr(LocalFolder, "delete", lambda self, name: None)
        try:
            resplit(str(output), chosen("a"))
        except Killed:
            assert not (output / STATS_FILE).exists(), "it says that the manifests are complete"
    offered: list[str] = []
    made = resplit(str(output), lambda ids: offered.extend(ids) or frozenset({"a"}))
    assert (sorted(offered), made.num_moved) == (["a", "b", "c", "d"], 0), "the first was finished"
    resplit(str(output), chosen("b", "d"))
    assert files(output) == before


def test_of_many_clips_few_bytes_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    num_clips = 10_000
    small = functools.partial(ExternalSort, run_bytes=1 << 18, block_bytes=1 << 12)
    monkeypatch.setattr("services.records.tts.resplit.ExternalSort", small)
    monkeypatch.setattr("services.records.tts.resplit._PIECE_BYTES", 1 << 16)
    monkeypatch.setattr("services.records.tts.resplit._PART_BYTES", 1 << 16)
    with (tmp_path / TRAIN).open("w") as file:
        file.writelines(line(f"speaker{i % 7}/utterance{i:06d}", rest="x" * 1400) for i in range(num_clips))
    tracemalloc.start()
    try:
        resplit(str(tmp_path), chosen())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < (tmp_path / TRAIN).stat().st_size / 3
