"""The model files as a command: `python -m services.landmarks.model_files list | fetch [NAME...]`."""

from __future__ import annotations

import argparse
import sys

from services.base.errors import VisemillError
from services.landmarks.backends import ModelFile
from services.landmarks.models import find, known_files, model_directory


def main(argv: list[str] | None = None) -> int:
    """`list`: each known model and where it lies; `fetch [NAME...]`: all freely licensed ones unless named."""
    parser = argparse.ArgumentParser(prog="python -m services.landmarks.model_files", description=main.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="each known model, its licence, and where it lies")
    fetching = commands.add_parser("fetch", help="put freely licensed models into the model folder")
    fetching.add_argument("names", nargs="*", metavar="NAME", help="default: every freely licensed one")
    flags = parser.parse_args(argv)
    try:
        lines = (
            [_line(model) for model in known_files().values()] if flags.command == "list" else _fetch_all(flags.names)
        )
    except VisemillError as error:
        sys.stderr.write(f"{error}\n{error.detail}\n" if error.detail else f"{error}\n")
        return error.exit_code
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def freely_licensed() -> list[str]:
    """Names of the models that `fetch` may download."""
    return [model.name for model in known_files().values() if model.url]


def _fetch_all(names: list[str]) -> list[str]:
    from services.landmarks.downloads import fetch

    return [str(fetch(name, model_directory())) for name in names or freely_licensed()]


def _line(model: ModelFile) -> str:
    path = find(model.name)
    size = f"{model.size_bytes} bytes" if model.size_bytes else "made by you"
    return f"{model.name}\t{size}\t{model.licence}\t{path or 'missing'}"


if __name__ == "__main__":
    sys.exit(main())
