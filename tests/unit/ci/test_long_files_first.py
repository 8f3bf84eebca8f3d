"""Files that take long begin first, and each file's tests stay together: tests/plugins/long_files_first.py."""

from pathlib import Path

import pytest
from long_files_first import LISTED, listed_seconds, longest_first

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[3]


def test_the_longest_come_first_and_the_others_as_they_were() -> None:
    files = ["a", "a", "b", "c", "d", "d"]
    order = longest_first(files, {"d": 30.0, "b": 90.0})
    assert [files[i] for i in order] == ["b", "d", "d", "a", "a", "c"]
    assert order == [2, 4, 5, 0, 1, 3]


def test_those_that_are_listed_are_there() -> None:
    assert [file for file in listed_seconds(ROOT / LISTED) if not (ROOT / file).is_file()] == []


def test_what_takes_no_time_is_not_listed(tmp_path: Path) -> None:
    path = tmp_path / "long.toml"
    path.write_text('"tests/unit/test_a.py" = 0\n')
    with pytest.raises(ValueError, match=r"test_a\.py takes 0 s"):
        listed_seconds(path)


def test_processes_take_files_in_that_order(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of one long test is begun before one of many short ones."""
    listed = pytester.path / LISTED
    listed.parent.mkdir()
    listed.write_text('"test_z.py" = 60\n')
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\npythonpath = ['.']\n")
    pytester.makepyfile(test_a="def test_1(): pass\ndef test_2(): pass\n", test_z="def test_long(): pass\n")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests" / "plugins"))
    done = pytester.runpytest_subprocess("-p", "long_files_first", "-v", "-n1", "--dist=loadfile")
    done.stdout.fnmatch_lines(["*PASSED test_z.py::test_long*", "*PASSED test_a.py::test_1*"])
