"""A checkout with the pipeline `toy` (tests/fakes/toy) added to it: records of sound, and trainings on them."""

from pathlib import Path

from forked_checkout import forked
from tones_fork import TABLES

# A table -> the line that is put at its end.
LINES = {
    "services/__main__.py": ("RECIPES: dict[str, str] = {", '    "toytrain": "toy",'),
    "orchestrator/pipelines/__init__.py": ("PIPELINES: dict[str, str] = {", '    "toy": "toy.pipeline",'),
}


def checkout(folder: Path) -> Path:
    """The whole checkout as it is, by links, but for these lines and those of `tones`; and both packages."""
    fork = forked(folder, TABLES, ["tones", "toy"])
    for name, (head, line) in LINES.items():
        text = (fork / name).read_text()
        assert text.count(head) == 1
        (fork / name).write_text(text.replace(head, f"{head}\n{line}\n"))
    return fork
