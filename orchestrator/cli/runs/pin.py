"""`visemill pin`: plan a run and pin it in its output; `visemill resume` executes it."""

from __future__ import annotations

import argparse
import shlex

from orchestrator.cli.answer import Answer
from orchestrator.cli.device import add_device_flag
from orchestrator.cli.options import add_allow_flags, allowed_of
from orchestrator.cli.runs.request import request_of
from orchestrator.console.escape import one_line
from orchestrator.planner.planning import plan_of
from orchestrator.roots import open_named, state_root
from orchestrator.runs.claim.claim import check_pin, claim_of, pin, pinned_spec
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.plan import Plan
from services.base.process.quantities import counted
from services.base.store.interface import Store


def add_flags(parser: argparse.ArgumentParser) -> None:
    add_device_flag(parser)
    add_allow_flags(parser)
    parser.add_argument(
        "--remote",
        action="append",
        default=[],
        metavar="STAGE=HOST:PORT",
        help="a stage that a server will compute, so that no trial of it is made here; may be repeated",
    )
    parser.add_argument("--dry-run", action="store_true", help="plan and check, write nothing")


def pin_run(flags: argparse.Namespace) -> Answer:
    """The same plan again changes nothing, and waits for nobody who carries it out."""
    plan = plan_of(request_of(flags), allowed_of(flags), remotes=flags.remote)
    spec = plan.spec
    state = open_named("--state-root", state_root(spec.output_root, flags.state_root))
    outputs = open_named("--output-root", spec.output_root)
    if flags.dry_run:
        check_pin(plan, state, outputs)
    elif _only_compares(plan, state, outputs):
        pin(plan, state, outputs)
    else:
        with Lease(outputs.uri, spec.run):
            pin(plan, state, outputs)
    data = {
        "run": spec.run,
        "digest": spec.digest,
        "pipeline": spec.pipeline,
        "input_root": spec.input_root,
        **({"further_input_roots": list(spec.further_roots)} if spec.further_roots else {}),
        "output_root": spec.output_root,
        "state_root": state.uri,
        "stages": [stage.name for stage in spec.stages],
        "passes": [one.name for one in spec.passes],
        "shards": spec.num_shards,
        "clips": spec.num_clips,
        "problems": len(plan.problems),
        "notes": list(plan.notes),
        "dry_run": flags.dry_run,
    }
    notes = [f"note: {one_line(note)}" for note in plan.notes]
    done = "would be pinned" if flags.dry_run else "is pinned"
    pinned = f"run {spec.run} {done}: {counted(spec.num_clips, 'clip')} in {counted(spec.num_shards, 'shard')}"
    then = [] if flags.dry_run else [f"  start it: visemill resume --output-root {shlex.quote(spec.output_root)}"]
    return Answer("\n".join([*notes, pinned, *then]), data)


def _only_compares(plan: Plan, state: Store, outputs: Store) -> bool:
    """Whether the output is another run's, or this run's already: then nothing is written, and no lease needed."""
    claim, spec = claim_of(outputs), plan.spec
    if claim is None or spec.appends:
        return False
    return claim.digest != spec.digest or (claim.run == spec.run and pinned_spec(state, spec.run) is not None)
