"""Writes docs/cli.md: the help of every command, as the command line itself says it."""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.environ["COLUMNS"] = "100"
os.environ["NO_COLOR"] = "1"

from orchestrator.cli.main import build_parser  # noqa: E402 - the width must be set before argparse looks


def pages(parser: argparse.ArgumentParser) -> list[tuple[str, str]]:
    """(name, help) of a parser and of all below it; aliases once."""
    found = [(parser.prog, parser.format_help())]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            seen: set[int] = set()
            for sub in action.choices.values():
                if id(sub) not in seen:
                    seen.add(id(sub))
                    found += pages(sub)
    return found


def main(target: Path) -> int:
    parts = ["# The command line\n\nMade by `make docs` from the help of each command.\n"]
    parts += [f"## {name}\n\n```text\n{text.rstrip()}\n```\n" for name, text in pages(build_parser())]
    target.write_text("\n".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "cli.md"))
