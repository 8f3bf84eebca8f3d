"""I/O: the loop of the pass over the shards over a backend: observe, decide, apply; the same here and on Kubernetes."""

from __future__ import annotations

import time
from typing import Protocol, TypeVar

from orchestrator.runs.actions import Fail, Finish, ForceDelete, Wait
from orchestrator.runs.map.decision import Action, BackendPolicies, MapState, Scale, decide
from orchestrator.runs.policy import Policy
from services.base.errors import Transient

_AWAY_LIMIT_S = 1800.0

State = TypeVar("State", bound=MapState)


class MapBackend(Protocol[State]):
    """Where the workers of a pass over shards live. policies: what only this backend has."""

    policies: BackendPolicies[State]

    def observe(self, *, exact: bool) -> State:
        """One look. exact: list the store, however long that takes. Raises BadConfig, Transient."""
        ...

    def apply(self, action: Action) -> None:
        """Does what the action says; a Fail ends what could not go on by itself. Raises BadConfig, Transient."""
        ...

    def away(self, error: Transient, for_s: float) -> None:
        """Is told that nothing could be seen or done, and for how long."""
        ...

    def wait(self, at_most_s: float | None) -> None:
        """Until something may have changed, or that time has passed; never long. Raises BadConfig."""
        ...


def drive(backend: MapBackend[State], policy: Policy) -> Fail | None:
    """Until every shard is done (None), or the pass ends without. Raises BadConfig, and Transient at last."""
    away_since_s: float | None = None
    while True:
        began_s = time.monotonic()
        last: Action = Wait()
        try:
            for last in _actions(backend, policy):
                backend.apply(last)
            away_since_s = None
        except Transient as error:
            away_since_s = began_s if away_since_s is None else away_since_s
            away_s = time.monotonic() - away_since_s
            if away_s > _AWAY_LIMIT_S:
                raise
            backend.away(error, away_s)
            last = Wait()
        if isinstance(last, Fail):
            return last
        if isinstance(last, Finish):
            return None
        backend.wait(last.at_most_s if isinstance(last, Wait) else None)


def _actions(backend: MapBackend[State], policy: Policy) -> list[Action]:
    """What starts, removes or ends is decided by what the store says now."""
    state = backend.observe(exact=False)
    actions = decide(state, policy, backend.policies)
    if state.is_exact or all(isinstance(action, Wait | Scale | ForceDelete) for action in actions):
        return actions
    return decide(backend.observe(exact=True), policy, backend.policies)
