"""Odd GRID clips through whole runs: what becomes of labels and names, and of one video under two names.

Over 20 s: two runs and a verification, each of which starts processes that load the models.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.main import main
from orchestrator.runs.leakage import OTHER_WORDS

QUARANTINED, BAD_CONFIG = 3, 78
CASES = ("07_words_in_a_row", "08_rows_unsorted", "09_no_latin_letter", "11_long_name", "12_same_frames")
FLAGS = ["--num-shards", "1", "--workers", "1", "--quiet", "-o", "json"]


@pytest.fixture(scope="module")
def finished(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over the clips of several roots, one clip's video in another container under other words, and a
    speaker one folder too deep.
    """
    root = tmp_path_factory.mktemp("cases")
    for case in CASES:
        for speaker in ("s1", "alignments/s1"):
            shutil.copytree(testdata / "data/cases/grid" / case / speaker, root / "in" / speaker, dirs_exist_ok=True)
    for speaker in ("s2", "alignments/s2"):
        shutil.copytree(testdata / "data/cases/grid/16_one_too_deep" / speaker, root / "in" / speaker)
    same = testdata / "data/cases/grid/12_same_frames/s2/bbaf2n.mpg"
    shutil.copyfile(same, root / "in/s1/own_same.mpg")
    (root / "in/alignments/s1/own_same.align").write_text("0 30000 lay red\n30000 74500 soon\n")
    assert main(["run", "grid", *_roots(root / "out"), *FLAGS]) == QUARANTINED
    return root / "out"


@pytest.fixture(scope="module")
def quality(finished: Path) -> dict[str, dict[str, Any]]:
    lines = map(json.loads, (finished / "quality.jsonl").read_text().splitlines())
    return {line["key"][:20]: line for line in lines}


@pytest.mark.parametrize("key", ["s1/own_words", "s1/own_unsorted"])
def test_no_word_is_lost(quality: dict[str, dict[str, Any]], key: str) -> None:
    assert quality[key]["transcript"] == "bin blue at f two now"
    assert quality[key]["label_len"] == 21


def test_a_label_without_a_letter_is_empty(quality: dict[str, dict[str, Any]]) -> None:
    line = quality["s1/own_hangul"]
    assert line["label_len"] == 0
    assert {"EMPTY_LABEL", "WORDS_DROPPED"} <= set(line["flags"])


def test_one_video_under_two_sentences_is_told(quality: dict[str, dict[str, Any]]) -> None:
    flagged = {key for key, line in quality.items() if OTHER_WORDS in line["flags"]}
    assert {"s1/bbaf2n", "s1/own_same"} <= flagged


def test_what_was_found_is_in_the_output_or_left_out(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left_out = [json.loads(line) for line in (finished / "quarantine.jsonl").read_text().splitlines()]
    assert [(line["media"], line["reason"]) for line in left_out] == [("s2/s2/bbaf3s.mpg", "UNREAD_FOLDER")]
    assert main(["status", "--output-root", str(finished), "-o", "json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["found"], sum(status["records"].values()), status["quarantined"]) == (7, 6, 1)
    assert main(["run", "grid", *_roots(finished), *FLAGS]) == QUARANTINED
    again = json.loads(capsys.readouterr().out)
    assert (again["found"], sum(again["records"].values()), again["quarantined"]) == (7, 6, 1)
    assert main(["run", "grid", *_roots(finished), *FLAGS[:-1], "text"]) == QUARANTINED
    assert "1 clip of 7 found in quarantine: 1 UNREAD_FOLDER" in capsys.readouterr().out
    page = finished.with_name("report.html")
    assert main(["report", "--output-root", str(finished), "--html", str(page), "--sheets", "0"]) == 0
    by_name = {name: value for value, name in re.findall(r"<b>([^<]*)</b><span>([^<]*)</span>", page.read_text())}
    assert (by_name["clips found"], by_name["records"], by_name["left out"]) == ("7", "6", "1")


def _roots(finished: Path) -> list[str]:
    return ["--input-root", str(finished.with_name("in")), "--output-root", str(finished)]


def test_a_name_of_244_bytes_is_made_again(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["verify", "--output-root", str(finished), "--recompute", "100%", "-o", "json"])
    answer = json.loads(capsys.readouterr().out)
    assert (code, answer["problems"], answer["recomputed"]) == (0, [], 6)


def test_the_same_frames_in_two_splits_are_a_leak_and_nothing_is_published(
    testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = testdata / "data/cases/grid/12_same_frames"
    roots = ["--input-root", str(root), "--output-root", str(tmp_path), "--split-config", str(root / "split.yaml")]
    assert main(["run", "grid", *roots, *FLAGS]) == BAD_CONFIG
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["reason"] == "CONTENT_LEAK"
    assert "s2/bbaf2n (test) = s1/bbaf2n (train)" in error["message"]
    assert [path.name for path in tmp_path.iterdir()] == [".visemill"]
    flags = [*roots[:3], str(tmp_path / "other"), *roots[4:], "--deep", "--sample", "0", "-o", "json"]
    assert main(["plan", "grid", *flags]) == BAD_CONFIG
    planned = json.loads(capsys.readouterr().out)
    assert (planned["leaks"], planned["problems"]) == (["s2/bbaf2n (test) = s1/bbaf2n (train)"], [])
