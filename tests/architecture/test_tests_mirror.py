"""Unit tests lie under the name of what they test, and modules without tests of their name are a list that shrinks."""

from pathlib import Path

import pytest
from import_graph import ROOT, TOPS, module_files

UNIT = ROOT / "tests" / "unit"
UNTESTED = Path(__file__).with_name("untested_modules.txt")
MODULES = {
    path.relative_to(ROOT).with_suffix("").as_posix()
    for path in module_files(ROOT).values()
    if path.name != "__init__.py"
}
TESTS = sorted(path for top in TOPS for path in (UNIT / top).rglob("test_*.py"))


def modules_of(test: Path) -> list[str]:
    """Names that a test file may be about: `test_work_device.py` is of work, and of its package, else of nothing."""
    folder, name = test.parent.relative_to(UNIT).as_posix(), test.stem.removeprefix("test_")
    words = name.split("_")
    names = ["_".join(words[:end]) for end in range(len(words), 0, -1)]
    found = [f"{folder}/{name}" for name in names] + [f"{folder}/__{name}__" for name in names]
    return [name for name in found if name in MODULES] or [folder for name in names if name == test.parent.name]


@pytest.mark.parametrize("test", TESTS, ids=lambda path: str(path.relative_to(UNIT)))
def test_a_unit_test_is_named_after_a_module_of_the_same_folder(test: Path) -> None:
    assert modules_of(test), (
        f"rename it test_MODULE.py or test_MODULE_ASPECT.py, of a module in {test.parent.relative_to(UNIT)}, or put it "
        "into the folder of the module that it tests"
    )


def test_modules_without_a_unit_test_are_a_list_that_only_shrinks() -> None:
    tested = {name for test in TESTS for name in modules_of(test)[:1]}
    listed = UNTESTED.read_text().splitlines()
    assert listed == sorted(listed), f"sort {UNTESTED.name}"
    assert sorted(MODULES - tested - set(listed)) == [], (
        "modules without a unit test of their name: write one (or, for one that was moved or that only a real server "
        f"tests, change the line in {UNTESTED.name})"
    )
    assert sorted(set(listed) - MODULES | set(listed) & tested) == [], f"take these out of {UNTESTED.name}"
