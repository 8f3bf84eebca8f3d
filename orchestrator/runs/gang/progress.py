"""How far the gang passes of a run are, from their logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.base.run.spec import RunSpec
from services.base.store.interface import Store
from services.base.worker.pass_log import PassLog


def gangs_are_done(order: RunSpec, state: Store) -> bool:
    """Whether every gang pass has committed its result. Raises BadConfig, Transient."""
    return all(PassLog(state, order.run, gang.name).read().is_done for gang in order.gangs)


def gang_facts(order: RunSpec, state: Store) -> list[dict[str, Any]]:
    """Of each gang pass, in order. step: of the last checkpoint. Raises BadConfig, Transient."""
    facts = []
    for gang in order.gangs:
        log = PassLog(state, order.run, gang.name).read()
        facts.append(
            {
                "pass": gang.name,
                "digest": gang.digest,
                "ranks": gang.num_ranks,
                "generation": log.generation,
                "step": log.checkpoint.step if log.checkpoint else 0,
                "finished": log.is_done,
            }
        )
    return facts


def gang_lines(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The facts in words."""
    return [
        f"  pass {one['pass']}: "
        + ("finished at" if one["finished"] else "not finished; last checkpoint at")
        + f" step {one['step']}, {one['ranks']} ranks, generation {one['generation']}"
        for one in facts
    ]
