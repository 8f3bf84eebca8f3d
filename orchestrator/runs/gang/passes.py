"""I/O: the gang passes of a run, one after the other: driven until a result is committed, then published."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import Protocol

from orchestrator.runs.actions import Fail
from orchestrator.runs.gang.drive import GangBackend, drive
from orchestrator.runs.gang.results import gangs_are_whole, settle
from services.base.errors import EXIT_TRANSIENT
from services.base.process.quantities import counted
from services.base.run.passes import GangPass
from services.base.run.spec import RunSpec
from services.base.store.interface import Store

# A result may be lost before it is published, and is then made again.
_MOST_TRIES = 3


class OpenBackend(GangBackend, Protocol):
    """A backend that is closed when its pass has ended."""

    def close(self) -> None: ...


def execute_gangs(
    spec: RunSpec,
    state: Store,
    outputs: Store,
    open_backend: Callable[[GangPass], OpenBackend],
    leased: Callable[[], AbstractContextManager[object]],
    max_attempts: int,
    say: Callable[[str], None],
    unit: str,
) -> Fail | None:
    """The gang passes of a run whose records are published, in order; why one could not be finished.

    leased: holds the output's lease while a result is published. max_attempts: as `drive` takes it. unit: what holds
    ranks here: a pod, or a process. Raises BadConfig, Transient.
    """
    if gangs_are_whole(spec, state, outputs):
        return None
    for gang in spec.gangs:
        for _ in range(_MOST_TRIES):
            with leased():
                is_finished = settle(spec, gang, state, outputs)
            if is_finished:
                break
            say(f"pass {gang.name}: {counted(gang.num_ranks, 'rank')} in {counted(gang.num_pods, unit)}")
            with closing(open_backend(gang)) as backend:
                failed = drive(backend, max_attempts, say)
            if failed is not None:
                return replace(failed, why=f"pass {gang.name}: {failed.why}")
        else:
            why = f"pass {gang.name}: its result was lost {_MOST_TRIES} times before it was published: resume"
            return Fail(why, EXIT_TRANSIENT)
    return None
