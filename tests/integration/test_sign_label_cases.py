"""The public cases of labels, planned as `visemill plan sign` plans them: exact labels, or a refusal by name."""

import tarfile
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from orchestrator.pipelines.base import Inputs
from orchestrator.pipelines.sign.discovery import discover, output_names
from orchestrator.pipelines.sign.labels import plan_labels
from orchestrator.pipelines.sign.options import SignOptions
from services.base.errors import BadConfig
from services.base.store.open import open_store


@pytest.fixture(scope="module")
def cases(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cases")
    with tarfile.open(testdata / "data" / "cases" / "sign" / "cases.tar") as tar:
        tar.extractall(root, filter="data")
    return root


def labels(root: Path, **given: Any) -> dict[str, int]:
    """Gloss by output name."""
    found = discover(open_store(str(root)).list(""))
    paths = [file.path for file in found.clips]
    names = output_names(paths + [problem.path for problem in found.problems])
    inputs = Inputs((), str(root), f"{root}-out")
    odd = {problem.path: names[problem.path] for problem in found.problems}
    made = plan_labels({path: names[path] for path in paths}, SignOptions(**given), inputs, odd)
    return {name: gloss for name, (gloss, _) in made.of_name.items()}


def test_a_row_of_one_clip_labels_no_other_of_its_name(cases: Path) -> None:
    case = cases / "04_one_name_in_the_map"
    assert labels(case / "videos", label_map=str(case / "map.csv")) == {"a": 3, "b": 7}


def test_a_stray_folder_is_named(cases: Path) -> None:
    with pytest.raises(BadConfig, match=r"2 \(copy\)"):
        labels(cases / "05_stray_folder" / "videos", label_from="folder")


def test_both_forms_of_a_letter_are_one_name(cases: Path) -> None:
    case = cases / "06_letters_in_two_forms"
    found = labels(case / "videos", label_map=str(case / "map.csv"))
    assert {unicodedata.normalize("NFC", name): gloss for name, gloss in found.items()} == {
        "caf\u00e9": 1,
        "ni\u00f1o": 2,
        "tea": 3,
    }


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("semicolon", {"a": 3, "b": 7, "c": 9}),
        ("tab", {"a": 3, "b": 7}),
        ("backslash", {"a": 3, "c": 9}),
        ("dot_slash", {"a": 3, "c": 9}),
        ("root_name", {"a": 3, "c": 9}),
    ],
)
def test_other_tables_are_read(cases: Path, table: str, expected: dict[str, int]) -> None:
    case = cases / "16_other_tables"
    assert labels(case / "videos", label_map=str(case / f"{table}.csv")) == expected


@pytest.mark.parametrize(("table", "words"), [("large_number", "9223372036854775807"), ("two_rows", "keep one")])
def test_tables_that_cannot_be_right_are_refused(cases: Path, table: str, words: str) -> None:
    case = cases / "16_other_tables"
    with pytest.raises(BadConfig, match=words):
        labels(case / "videos", label_map=str(case / f"{table}.csv"))
