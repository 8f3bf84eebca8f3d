"""How far the gang passes of a run are, from their logs and markers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.runs.gang.results import published_files
from services.base.run.spec import RunSpec
from services.base.store.interface import Store
from services.base.worker.pass_log import PassLog


def gang_facts(spec: RunSpec, state: Store) -> list[dict[str, Any]]:
    """Of each gang pass, in order. step: of the last checkpoint. outputs: names of its published files.

    ranks: that were asked for. ranks_at_work: of the newest generation that began, which may be fewer; 0: none has.

    Raises BadConfig, Transient.
    """
    facts = []
    for gang in spec.gangs:
        log = PassLog(state, spec.run, gang.name).read()
        files = published_files(spec, gang, state)
        facts.append(
            {
                "pass": gang.name,
                "recipe": gang.recipe,
                "digest": gang.digest,
                "after": list(gang.after),
                "ranks": gang.num_ranks,
                "ranks_at_work": log.num_ranks,
                "generation": log.generation,
                "step": log.step,
                "finished": files is not None,
                "outputs": sorted(files or ()),
            }
        )
    return facts


def gang_lines(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The facts in words."""
    return [
        f"  pass {one['pass']}: "
        + ("finished at" if one["finished"] else "not finished; last checkpoint at")
        + f" step {one['step']}, {_ranks(one['ranks'], one['ranks_at_work'])}, generation {one['generation']}"
        for one in facts
    ]


def _ranks(asked: int, at_work: int) -> str:
    return f"{at_work} of {asked} ranks" if 0 < at_work < asked else f"{asked} ranks"
