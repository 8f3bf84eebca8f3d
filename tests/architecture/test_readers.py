"""A reader of a data set opens no file itself: what it reads comes from its listing, or through `pipelines.files`."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PIPELINES = ROOT / "orchestrator" / "pipelines"
HOME = PIPELINES / "files.py"
# No reader of a data set: it follows the results of trainings, and puts the script's files beside them.
RESULTS = PIPELINES / "talker" / "head"
OPENERS = {"open", "open_store", "open_inputs", "open_bucket", "LocalFolder", "S3Store"}
METHODS = {"read_text", "read_bytes", "open", "scandir", "listdir", "iterdir", "rglob", "glob"}


def opens(tree: ast.AST) -> Iterator[str]:
    """What a module calls that opens files. Those of its own package, by importlib.resources, are not of a data set."""
    shipped = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.Call) and "importlib.resources" in ast.unparse(function)
        for node in ast.walk(function)
    }
    lines = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and id(node) in shipped}
    from_package = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and node.lineno in lines
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {name.name for name in node.names}
            if names & {"pathlib", "os", "io", "Path"} or OPENERS & names:
                yield f"line {node.lineno}: imports {', '.join(sorted(names))}"
        if not isinstance(node, ast.Call) or node.lineno in lines:
            continue
        if isinstance(node.func, ast.Name) and node.func.id in OPENERS:
            yield f"line {node.lineno}: {node.func.id}()"
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            is_shipped = isinstance(node.func.value, ast.Name) and node.func.value.id in from_package
            if not is_shipped:
                yield f"line {node.lineno}: .{node.func.attr}()"


def test_no_pipeline_opens_files_behind_its_charter() -> None:
    paths = [path for path in PIPELINES.rglob("*.py") if path != HOME and RESULTS not in path.parents]
    assert len(paths) > 20
    found = {str(path.relative_to(ROOT)): list(opens(ast.parse(path.read_text()))) for path in paths}
    assert {name: lines for name, lines in found.items() if lines} == {}, "take Inputs.files, or Inputs.entries"


def test_the_check_sees_what_it_forbids() -> None:
    for text in ("open('x')", "p.read_bytes()", "from pathlib import Path", "import os", "open_store(root)"):
        assert list(opens(ast.parse(text))), text
