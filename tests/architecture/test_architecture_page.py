"""docs/architecture.md tells of packages and modules that exist, in the words of the code."""

import re

import pytest
from import_graph import ROOT, module_files
from make_package_table import BEGIN, END, charter_of, rows

PAGE = (ROOT / "docs" / "architecture.md").read_text()
WALK = PAGE.split("## One clip, from the command line to the published record")[1].split("\n## ")[0]
STEPS = re.findall(r"^\d+\. (.+(?:\n   .+)*)", WALK, re.MULTILINE)


def test_the_table_is_made_of_the_packages_docstrings() -> None:
    """Fails as well for a package whose docstring does not say what it is, what belongs there and what it may not."""
    assert rows(ROOT) == [line for line in PAGE.split(BEGIN)[1].split(END)[0].splitlines() if line.startswith("| `")]


def test_a_docstring_of_another_form_is_refused() -> None:
    assert charter_of("It is.\n\nBelongs here: this.\nMay not: that.") == ("It is.", "this.", "that.")
    for docstring in ("", "It is.", "It is.\n\nBelongs here: this.", "It is.\n\nMay not: that."):
        with pytest.raises(ValueError, match="Belongs here"):
            charter_of(docstring)


def test_a_clips_way_is_told_in_at_most_ten_steps_each_in_one_module() -> None:
    assert 5 <= len(STEPS) <= 10
    modules = {path.relative_to(ROOT).as_posix() for path in module_files(ROOT).values()}
    for step in STEPS:
        first = re.match(r"`([\w/]+\.py)`", step)
        assert first and first[1] in modules, f"a step begins with a module that exists: {step!r}"


def test_every_path_on_the_page_exists() -> None:
    named = set(re.findall(r"`((?:services|orchestrator|scripts|tests)/[\w/.]+)`", PAGE))
    assert named and [name for name in sorted(named) if not (ROOT / name).exists()] == []
