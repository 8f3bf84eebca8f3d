"""A command line ends in the command line: what it asks for goes on as frozen requests, not as parsed flags."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Where flags are at home: the command line itself.
AT_HOME = ("orchestrator/cli/",)


def speaks_of_argparse(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import) and any(name.name == "argparse" for name in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "argparse":
            return True
    return False


def test_no_parsed_flags_outside_the_command_line() -> None:
    paths = {path: str(path.relative_to(ROOT)) for path in (ROOT / "orchestrator").rglob("*.py")}
    found = {name for path, name in paths.items() if speaks_of_argparse(path) and not name.startswith(AT_HOME)}
    assert found == set(), "take a frozen dataclass: a pipeline's Options, RunRequest, or one of your own"
