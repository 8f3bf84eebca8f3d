"""`visemill completion bash|zsh|fish`: a static script, so that Tab starts no Python."""

from __future__ import annotations

import argparse

from orchestrator.cli.answer import Answer
from orchestrator.cli.parsing.help_groups import unit_of
from services.base.errors import BadConfig

_FOLDERS = frozenset({"ROOT", "FOLDER"})
_FILES = frozenset({"FILE", "FILE|NAME"})


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="print the script of this shell")


def completion(flags: argparse.Namespace, parser: argparse.ArgumentParser) -> Answer:
    """The script of the whole command line, which `parser` takes. Raises BadConfig NOT_INSTALLED."""
    try:
        import shtab
    except ImportError as error:
        raise BadConfig("NOT_INSTALLED", f"completion needs shtab ({error}): pip install shtab") from error
    _mark_paths(parser, shtab.FILE, shtab.DIRECTORY)
    script = shtab.complete(parser, flags.shell)
    return Answer(script, {"shell": flags.shell, "script": script})


def _mark_paths(parser: argparse.ArgumentParser, files: object, folders: object) -> None:
    """Arguments that name files or folders are completed as such."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                _mark_paths(below, files, folders)
        elif action.choices is None and action.nargs != 0:
            stands_for = action.metavar or unit_of(action)
            if stands_for in _FOLDERS:
                action.complete = folders  # type: ignore[attr-defined]
            elif stands_for in _FILES:
                action.complete = files  # type: ignore[attr-defined]
