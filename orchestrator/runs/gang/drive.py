"""I/O: the loop of a gang pass over a backend: observe, decide, apply; the same here and on Kubernetes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from orchestrator.runs.actions import Fail, Finish, Wait
from orchestrator.runs.gang.decision import Action, GangState, Start, decide
from services.base.errors import EXIT_TRANSIENT, Transient

_AWAY_LIMIT_S = 1800.0


class GangBackend(Protocol):
    """Where the ranks of a gang pass live."""

    def observe(self) -> GangState:
        """Raises BadConfig, Transient."""
        ...

    def apply(self, action: Action) -> None:
        """Does what the action says; a Fail ends what could not go on by itself. Raises BadConfig, Transient."""
        ...

    def wait(self, at_most_s: float | None) -> None:
        """Until something may have changed, or that time has passed; never long."""
        ...


def drive(backend: GangBackend, max_attempts: int, say: Callable[[str], None]) -> Fail | None:
    """Until the pass is finished (None), or ends without. Raises BadConfig, Transient.

    max_attempts: generations in a row that may fail without a checkpoint.
    """
    last_note, away_since_s = "", 0.0
    while True:
        at_most_s = None
        try:
            action = decide(backend.observe(), max_attempts)
            backend.apply(action)
            away_since_s = 0.0
            note = _note(action)
            at_most_s = action.at_most_s if isinstance(action, Wait) else 0.0
        except Transient as error:
            away_since_s = away_since_s or time.monotonic()
            if time.monotonic() - away_since_s > _AWAY_LIMIT_S:
                return Fail(f"{error.reason}: {error.message}", EXIT_TRANSIENT)
            action, note = Wait(), f"{error.reason}: {error.message}; ranks keep running"
        if note and note != last_note:
            say(note)
        last_note = note or last_note
        if isinstance(action, Fail):
            return action
        if isinstance(action, Finish):
            return None
        backend.wait(at_most_s)


def _note(action: Action) -> str:
    if isinstance(action, Start):
        return f"generation {action.generation} starts" + (f": {action.why}" if action.why else "")
    return action.note if isinstance(action, Wait) else ""
