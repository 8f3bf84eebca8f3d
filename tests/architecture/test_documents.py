"""What documents point at is there: pages, sections, modules."""

import re
from pathlib import Path

import pytest
from import_graph import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
# Decisions and the changelog tell of what was.
CURRENT = [page for page in PAGES if "decisions" not in page.parts and page.name != "CHANGELOG.md"]
MODULE = re.compile(r"`((?:services|orchestrator|scripts|tests|benchmarks)/[\w./]+?)/?`")


def anchors(page: Path) -> set[str]:
    """As GitHub names a page's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text()):
        if "://" in path:
            continue
        target = page.parent / path if path else page
        assert target.exists(), f"no {path}"
        assert not anchor or anchor in anchors(target), f"no section {anchor} in {path or page.name}"


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_modules_that_a_page_names_exist(page: Path) -> None:
    named = sorted(set(MODULE.findall(page.read_text())))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_index_names_every_page_and_the_readme_the_index_and_the_architecture() -> None:
    """Whoever opens the README, or the folder, is one click from each page."""
    index, readme = (ROOT / "docs" / "README.md").read_text(), (ROOT / "README.md").read_text()
    named = {path for path, _ in LINK.findall(index)}
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"} - named == set()
    opening = readme.split("\n## ")[0]
    assert "docs/README.md" in opening and "docs/architecture.md" in opening
