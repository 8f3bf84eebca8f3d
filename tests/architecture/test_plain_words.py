"""Words with a private meaning, which decision 17 replaced, do not come back: not in names, comments or documents."""

import re
import subprocess

import pytest
from import_graph import ROOT

# Those that nothing here means in their plain sense. Decisions that speak of the past keep them, and the lists of the
# tests that refuse them.
PRIVATE = re.compile(
    r"(?<![a-z])doors?(?![a-z])|leaves?[_ ]word|takes?[_ ]stock|whose fault|(carr(y|ies|ied) (a|the) run)\b",
    re.IGNORECASE,
)
KEPT = {
    "docs/decisions/0006-base-is-a-closed-list.md",
    "docs/decisions/0017-packages-with-layers.md",
    "tests/architecture/test_plain_words.py",
    "tests/unit/orchestrator/cli/test_commands.py",
}


def private_words(text: str) -> list[str]:
    return [match[0] for match in PRIVATE.finditer(text)]


def test_names_and_texts_have_no_word_with_a_private_meaning() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [path for path in listed.stdout.splitlines() if path not in KEPT]
    assert len(paths) > 1000
    found = {path: words for path in paths if (words := private_words(path))}
    for path in paths:
        if path.endswith((".py", ".md", ".j2", ".toml", ".yaml", ".proto")) and (
            words := private_words((ROOT / path).read_text())
        ):
            found.setdefault(path, []).extend(words)
    assert found == {}, "say entry point or command; take inventory; execute a run"


@pytest.mark.parametrize("text", ["lm_door.py", "doors={", "RECIPE DOOR", "take_stock()", "Whoever carries the run"])
def test_the_test_sees_them(text: str) -> None:
    assert private_words(text)


def test_plain_words_pass() -> None:
    assert private_words("indoor outdoors stockings a stock of doorways") == []
