"""`python -m services.records.talker.film FILE.mp4 [-o text|json]`.

Reads the marks of a film back: whether it says that a talking head speaks in it, and whose, in its metadata and in a
C2PA manifest. Of any other film it says that there is none.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.base.errors import EXIT_OK, BadInput, VisemillError
from services.containers.marks.written import credentials_of, film_metadata, has_library
from services.formats.talker.mark import SOURCE_TYPE, mark_in, tells_of_network
from services.records.described_text import as_text


def describe(path: Path) -> dict[str, Any]:
    """JSON-able: the marks, and what is missing. Raises BadInput for what is no film, or has a broken manifest."""
    mark = mark_in(film_metadata(path))
    credentials: Mapping[str, Any] | None = credentials_of(path) if has_library() else None
    missing = [] if mark else ["no mark in the metadata"]
    if not has_library():
        missing.append("a C2PA manifest was not looked for: pip install 'visemill[credentials]'")
    elif credentials is None:
        missing.append("no C2PA manifest")
    return {
        "file": path.name,
        "is_marked": mark is not None or bool(credentials and tells_of_network(credentials["actions"])),
        "mark": {**dataclasses.asdict(mark), "source_type": SOURCE_TYPE} if mark else {},
        "credentials": dict(credentials or {}),
        "missing": missing,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Exit codes are those of services/base/errors.py."""
    parser = argparse.ArgumentParser(prog="python -m services.records.talker.film", description=__doc__)
    parser.add_argument("file", type=Path, help="a film")
    parser.add_argument("--index", help="of no meaning here")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="form (default: %(default)s)")
    flags = parser.parse_args(argv)
    try:
        described = describe(flags.file)
    except VisemillError as error:
        sys.stderr.write(f"{flags.file}: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"{error}: give a film\n")
        return BadInput.exit_code
    sys.stdout.write(json.dumps(described) + "\n" if flags.output == "json" else as_text(described))
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
