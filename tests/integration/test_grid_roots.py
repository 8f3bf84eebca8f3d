"""Odd GRID roots as people have them on disk: what planning makes of each."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.pipelines.base import DataSet, Inputs
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.pipelines.grid.pipeline import PIPELINE
from orchestrator.runs.plan import Roots, make_plan
from services.base.errors import BadConfig
from services.base.stage.config import config_from_argv
from services.base.store.open import open_store


def read_root(root: Path, *words: str) -> DataSet:
    entries = open_store(str(root), must_exist=True).list(directories=True)
    return PIPELINE.read(Inputs(entries), config_from_argv(GridOptions, ["--num-shards", "2", *words], "grid"))


@pytest.fixture
def of_case(testdata: Path) -> Callable[[str], DataSet]:
    return lambda name: read_root(testdata / "data/cases/grid" / name)


@pytest.mark.parametrize(
    ("case", "media"),
    [("13_layout_website", "video/s1"), ("14_layout_mpg6000", "s1/video/mpg_6000")],
)
def test_the_corpus_as_it_is_given_out_is_found_by_itself(
    of_case: Callable[[str], DataSet], case: str, media: str
) -> None:
    data_set = of_case(case)
    assert {row.key: row.media for row in data_set.rows} == {
        f"s1/{s}": f"{media}/{s}.mpg" for s in ("bbaf2n", "bbaf3s")
    }
    assert data_set.problems == ()


def test_a_speaker_one_folder_too_deep_is_in_the_quarantine(of_case: Callable[[str], DataSet]) -> None:
    data_set = of_case("16_one_too_deep")
    assert [row.key for row in data_set.rows] == ["s1/bbaf2n"]
    assert [(line.media, line.reason) for line in data_set.problems] == [("s2/s2/bbaf3s.mpg", "UNREAD_FOLDER")]


def test_swapped_aligns_are_told_and_no_chance_pair_is_kept(of_case: Callable[[str], DataSet]) -> None:
    data_set = of_case("15_swapped_aligns")
    assert len(data_set.rows) == 0
    assert len(data_set.problems) == 6
    assert {line.reason for line in data_set.problems} == {"ALIGNS_ELSEWHERE"}
    with pytest.raises(BadConfig, match="3 of 3 clips of s5 have their aligns in alignments/s6") as caught:
        make_plan(PIPELINE, data_set, (), (), Roots("in", "out", "state"), 2)
    assert "3 of 3 clips of s6 have their aligns in alignments/s5" in caught.value.message
    assert "delete" not in caught.value.message


def test_speakers_that_differ_in_case_only_are_kept_apart_and_told(tmp_path: Path) -> None:
    for speaker in ("s1", "S1"):
        for name in (f"{speaker}/bbaf2n.mpg", f"alignments/{speaker}/bbaf2n.align"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(speaker)
    data_set = read_root(tmp_path)
    assert {row.speaker_id for row in data_set.rows} == {"s1", "S1"}
    assert any("'S1' and 's1' differ in upper and lower case only" in note for note in data_set.notes)


def test_names_that_are_odd_cost_no_other_clip(tmp_path: Path) -> None:
    (tmp_path / "alignments/s1").mkdir(parents=True)
    (tmp_path / "s1").mkdir()
    for stem in (b"bbaf2n", b"two\nlines", b"\x1b[31m", b"not-utf8-\xff"):
        for folder, ending in ((b"s1/", b".mpg"), (b"alignments/s1/", b".align")):
            Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + folder + stem + ending)).write_bytes(b"x")
    (tmp_path / "s1/loop.mpg").symlink_to("loop.mpg")
    (tmp_path / "s1/gone.mpg").symlink_to("nowhere.mpg")
    (tmp_path / "s2").symlink_to("nowhere")
    (tmp_path / "s3").symlink_to("/")
    data_set = read_root(tmp_path)
    assert sorted(row.utterance_id for row in data_set.rows) == ["\x1b[31m", "bbaf2n", "two\nlines"]
    assert {line.media: line.reason for line in data_set.problems} == {
        "s1/loop.mpg": "NOT_A_FILE",
        "s1/gone.mpg": "NOT_A_FILE",
        r"s1/not-utf8-\xff.mpg": "NOT_A_FILE",
        "s2": "NOT_A_FILE",
        "s3": "LEAVES_ROOT",
    }
