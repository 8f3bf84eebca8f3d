"""Code that only tests call fails `make lint`, and so does an exception that nothing needs."""

from pathlib import Path

import dead_code
import pytest
from dead_code import Allowed, Unused, judged, main, read_allowed, unused_in

USED = """
class Reader:
    def read(self) -> int:
        return _number()

def _number() -> int:
    return 1

def summary() -> int:
    return 1
"""
CALLER = """
import services.one
from services import two
from services.one import Reader

print(Reader().read(), two.summary(), services.one)
"""
TWO = "def summary() -> int:\n    return 2\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in (("one", USED), ("two", TWO), ("caller", CALLER)):
        path = tmp_path / "services" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text("from services.one import summary\nassert summary() == 1\n")
    return tmp_path


def names_in(tree: Path) -> list[str]:
    return [f"{one.kind} {one.name}" for one in unused_in(tree, ["services"])]


def test_what_only_a_test_calls_is_dead_though_another_module_has_a_function_of_that_name(tree: Path) -> None:
    assert names_in(tree) == ["function summary"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def fresh() -> None: ...", "function fresh"),
        ("def fresh() -> None:\n    fresh()", "function fresh"),
        ("class Fresh: ...", "class Fresh"),
        ("FRESH = 3", "variable FRESH"),
        ("def _fresh() -> None: ...", "function _fresh"),
        ("class _Base:\n    def fresh(self) -> None: ...\n\nprint(_Base())", "method fresh"),
        ("import os", "import os"),
    ],
)
def test_a_new_name_that_nobody_uses_is_found(tree: Path, text: str, found: str) -> None:
    (tree / "services" / "three.py").write_text(text)
    assert found in names_in(tree)


def test_what_a_template_reads_is_used(tree: Path) -> None:
    (tree / "services" / "three.py").write_text("class _Shown:\n    kept: int\n    lost: int\n\nprint(_Shown())\n")
    (tree / "services" / "page.html.j2").write_text("{% if shown.kept %}{{ lost }}{% endif %}")
    assert names_in(tree) == ["function summary", "variable lost"]


def test_the_command_fails_until_it_is_used_or_allowed(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    allowed = tree / "allowed.toml"
    argv = ["services", "--root", str(tree), "--allowed", str(allowed)]
    allowed.write_text("allowed = []")
    assert main(argv) == 1
    assert "services/one.py:9: unused function summary" in capsys.readouterr().out
    allowed.write_text('[[allowed]]\npaths = ["services/o*.py"]\nnames = ["summ*"]\nreason = "a plug-in calls it"')
    assert main(argv) == 0


def test_an_exception_that_nothing_needs_is_an_error_too() -> None:
    entry = Allowed(("a/*.py",), ("used", "gone"), "somebody")
    (line,) = judged([Unused("a/b.py", 3, "function", "used")], [entry])
    assert "'gone' in a/*.py allows nothing any more" in line


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_exception_without_a_reason_is_refused(reason: str) -> None:
    with pytest.raises(ValueError, match="a reason"):
        read_allowed(f'[[allowed]]\npaths = ["a"]\nnames = ["b"]\nreason = "{reason}"')


def test_the_tests_are_no_users_of_the_code() -> None:
    assert dead_code.FOLDERS == ("services", "orchestrator", "scripts")
