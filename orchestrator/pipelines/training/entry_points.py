"""I/O: entry points of a recipe as commands: its service computes and prints, in a process of its own."""

from __future__ import annotations

from typing import Any

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.service_commands import answer_of_module
from services.base.stage.config import argv_of


def outcome_of(recipe: str, entry_point: str, settings: Any, doing: str, *flags: str) -> Outcome:
    """Of `python -m services RECIPE ENTRY_POINT`, which answers with a JSON object whose `text` is for people.

    settings: the dataclass that the entry point makes its flags from. flags: further ones. Raises what it failed with.
    """
    data, exit_code = answer_of_module("services", [recipe, entry_point, *argv_of(settings), *flags], doing)
    text = str(data.pop("text"))
    return Outcome(data, text, exit_code)
