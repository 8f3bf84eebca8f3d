"""Reasons of errors are stable codes that tools match on: UPPER_SNAKE, with their words apart, and the same word for
the same thing.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORM = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
ERRORS = {"VisemillError", "BadConfig", "BadInput", "BadShard", "Transient", "ChildLost", "error_class"}

# A reason of one word must be one word: whoever joins two writes an underscore between them.
ONE_WORD = {"CANCELLED", "DIVERGED", "DRAINING", "STARTING", "STOPPED", "TIMEOUT"}


def reasons() -> Iterator[tuple[str, str]]:
    """(reason, file) of every error that is made with a reason in its place."""
    for folder in ("orchestrator", "services"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
                name = getattr(call.func, "id", getattr(call.func, "attr", ""))
                first = call.args[0] if call.args else None
                if name in ERRORS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, str(file.relative_to(ROOT))


def test_every_reason_has_one_form() -> None:
    found = list(reasons())
    assert len(found) > 300, "the reasons are not found where they were"
    assert [pair for pair in found if not FORM.fullmatch(pair[0])] == []
    assert {reason for reason, _ in found if "_" not in reason} <= ONE_WORD
