"""Writes the table of packages in docs/architecture.md from the packages' docstrings."""

import ast
import re
import sys
from pathlib import Path

from import_graph import ROOT, module_files

BEGIN = "<!-- made by `make docs` from the packages' docstrings -->"
END = "<!-- end of the table -->"
CHARTER = re.compile(r"(?P<what>.+?)\n\nBelongs here: (?P<belongs>.+?\.)\nMay not: (?P<may_not>.+?\.)", re.DOTALL)


def charter_of(docstring: str) -> tuple[str, str, str]:
    """(what a package is, what belongs there, what it may not). Raises ValueError for a docstring of another form."""
    match = CHARTER.fullmatch(docstring)
    if match is None:
        raise ValueError("a package's docstring says what it is, then `Belongs here: ….` and `May not: ….`")
    return match["what"].replace("\n", " "), match["belongs"].replace("\n", " "), match["may_not"].replace("\n", " ")


def rows(root: Path) -> list[str]:
    """A line of the table for each package, as the tree has them."""
    found = []
    for path in module_files(root).values():
        if path.name == "__init__.py":
            folder = path.parent.relative_to(root).as_posix()
            try:
                what, _, may_not = charter_of(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
            except ValueError as error:
                raise ValueError(f"{folder}/__init__.py: {error}") from error
            found.append(f"| `{folder}` | {what} | {may_not} |")
    return sorted(found, key=lambda line: (not line.startswith("| `orchestrator"), line.split("`")[1]))


def main(target: Path) -> int:
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    before, after = document.split(BEGIN)[0], document.split(END)[1]
    table = "\n".join(["| Package | Is | May not |", "|---|---|---|", *rows(ROOT)])
    target.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "architecture.md"))
