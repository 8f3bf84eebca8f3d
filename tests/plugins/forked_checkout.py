"""The checkout as a contributor has it who adds to it: all of it by links, but for lines in some of its tables."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAKES = ROOT / "tests" / "fakes"

# File -> (the head of a table with its first line, the line that goes before that one).
Tables = Mapping[str, tuple[str, str]]


def texts_of(tables: Tables) -> dict[str, str]:
    """The text of each table's file, with its line more."""
    made = {}
    for name, (head, line) in tables.items():
        text = (ROOT / name).read_text()
        assert head in text, f"{name} has no {head!r}"
        start = head.index("    ")
        made[name] = text.replace(head, head[:start] + line + head[start:])
    return made


def forked(folder: Path, tables: Tables, packages: Sequence[str]) -> Path:
    """The checkout at `folder`. packages: of tests/fakes, copied into it."""
    for name, text in texts_of(tables).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for made in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        here = ROOT / made.relative_to(folder)
        names = ("services", "orchestrator") if made == folder else [path.name for path in here.iterdir()]
        for name in names:
            if not (made / name).exists() and name != "__pycache__":
                (made / name).symlink_to(here / name)
    for package in packages:
        shutil.copytree(FAKES / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def assert_only_tables_touched(fork: Path, tables: Tables) -> None:
    """Of the files that the checkout has, those with another line than there are the tables, with one line more."""
    own = [path.relative_to(fork) for path in fork.rglob("*") if path.is_file() and not path.is_symlink()]
    shared = [path for path in own if (ROOT / path).exists()]
    assert sorted(map(str, shared)) == sorted(tables)
    for path in shared:
        before, now = (ROOT / path).read_text().splitlines(), (fork / path).read_text().splitlines()
        assert len(now) == len(before) + 1 and [line for line in now if line not in before] == [
            tables[str(path)][1].rstrip()
        ]


def environment_of(fork: Path) -> dict[str, str]:
    """Of a process whose modules are the fork's."""
    return {**os.environ, "PYTHONPATH": str(fork)}
