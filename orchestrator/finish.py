"""I/O: what happens when every shard is done: checks, then outputs move to their names, the summary last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.added import Part, part_of, parts_of, quality_of, quarantine_of
from orchestrator.carrying import forget
from orchestrator.commits import Commits
from orchestrator.leaks import content_leaks, frame_leaks, raise_if_leaking
from orchestrator.lease import Lease
from orchestrator.observe import RunState, read_clips
from orchestrator.pin import earlier_runs
from orchestrator.pipeline import Pipeline
from services.base import layout
from services.base.contract import canonical_json
from services.base.errors import BadConfig
from services.base.order import DoneShard, RunOrder
from services.base.store import Store

ABANDONED_AFTER_S = 3600.0
QUALITY_FILE = "quality.jsonl"
QUARANTINE_FILE = "quarantine.jsonl"


@dataclass(frozen=True)
class Stock:
    """What a run has. done: shards with a commit and all their outputs. published: nothing is left to do."""

    observed: RunState
    done: frozenset[int]
    published: bool


def take_stock(commits: Commits, outputs: Store) -> Stock:
    """Looks at what is done and forgets the commits whose outputs are lost. To be called under the output's lease."""
    order, state, observed = commits.order, commits.state, commits.look()
    lost = missing_outputs(order, outputs, commits.read(observed.done))
    # A commit may have been deleted since, as the message about one that cannot be read advises.
    whole = observed.finished and len(observed.done) == order.num_shards and not lost
    published = whole and not missing_summaries(order, state, outputs)
    if not published:
        forget(order, state, lost)
    return Stock(observed, observed.done.difference(lost), published)


def publish_whole(pipeline: Pipeline, commits: Commits, outputs: Store) -> bool | None:
    """Publishes under the output's lease. True: now; None: it was; False: outputs are lost, and their shards forgotten.

    Raises BadConfig: OUTPUT_IN_USE while another process has the output, and as publish does.
    """
    with Lease(outputs.uri, commits.order.run) as lease:
        stock = take_stock(commits, outputs)
        if stock.published:
            return None
        if len(stock.done) < commits.order.num_shards:
            return False
        outputs.clean_abandoned(ABANDONED_AFTER_S)
        lease.check()
        publish(pipeline, commits, stock.observed, outputs)
        return True


def publish(pipeline: Pipeline, commits: Commits, observed: RunState, outputs: Store) -> list[DoneShard]:
    """Makes the output tree complete: the commits of all shards. observed: the commits' last look.

    Raises BadConfig when content stands in two splits, or an output is gone; NotThere when a commit is. Safe to be
    killed and called again: a file moves once, and finished.json is written when all is in place.
    """
    order, state = commits.order, commits.state
    # A listing may lag behind the last commits.
    done = commits.read(range(order.num_shards))
    parts = [*parts_of(state, earlier_runs(outputs)), part_of(state, observed, done)]
    check_leaks(parts[-1], state)
    quality = quality_of(parts)
    quarantine = [_portable(line) for line in quarantine_of(parts)]
    summaries = {
        QUALITY_FILE: "".join(canonical_json(line) + "\n" for line in quality).encode(),
        QUARANTINE_FILE: "".join(canonical_json(line) + "\n" for line in quarantine).encode(),
        **pipeline.summary_files(order, [shard for part in parts for shard in part.done], quality),
    }
    files = {name: facts for shard in done for name, facts in shard.outputs.items()}
    if any(True for _ in outputs.list(layout.staged(order.run, ""))):
        # A summary says that what lies beside it is complete; while files are being replaced it is not.
        for name in reversed(summaries):
            outputs.delete(name)
    for name, facts in files.items():
        _move(order, outputs, name, facts)
    for name, data in summaries.items():
        # Whatever a write that dies leaves lies where it is removed, and not among the outputs.
        outputs.put(layout.staged(order.run, name), data)
        outputs.move(layout.staged(order.run, name), name)
    outputs.delete_prefix(layout.staged(order.run, ""))
    digests = {n: {"sha256": hashlib.sha256(d).hexdigest(), "size_bytes": len(d)} for n, d in summaries.items()}
    finished = {"digest": order.digest, "summaries": digests}
    state.put(layout.finished_file(order.run), canonical_json(finished).encode())
    return done


def _portable(line: Mapping[str, object]) -> dict[str, object]:
    """Without what names this machine's paths: the published list is the same bytes everywhere."""
    return {name: value for name, value in line.items() if name not in ("reproduce", "detail")}


def _move(order: RunOrder, outputs: Store, name: str, facts: Mapping[str, Any]) -> None:
    staged = layout.staged(order.run, name)
    if outputs.stat(staged) is not None:
        outputs.move(staged, name)
        return
    entry = outputs.stat(name)
    if entry is None or entry.size_bytes != facts["size_bytes"]:
        raise BadConfig(
            "OUTPUT_GONE",
            f"{name} is neither staged nor in {outputs.uri} with its {facts['size_bytes']} bytes: resume, "
            "and its shard is made again",
        )


def check_leaks(part: Part, state: Store) -> None:
    """Raises BadConfig CONTENT_LEAK when two splits hold records of the same media bytes, or of the same frames."""
    splits = {row.key: row.split for row in read_clips(state, part.order)}
    left_out = {line["key"] for line in part.quarantine}
    inputs = (pair for shard in part.done for pair in shard.inputs.items() if pair[0] not in left_out)
    leaks = content_leaks((key, splits[key], sha256) for key, sha256 in inputs)
    told = {leak.keys for leak in leaks}
    leaks += [leak for leak in frame_leaks(part.quality) if leak.keys not in told]
    raise_if_leaking(leaks, state.uri)


def summaries_of(order: RunOrder, state: Store) -> dict[str, Mapping[str, Any]]:
    """Name -> {"sha256", "size_bytes"} of what a finished run has written beside its shards."""
    name = layout.finished_file(order.run)
    try:
        facts: dict[str, Mapping[str, Any]] = json.loads(state.read(name))["summaries"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadConfig(
            "BAD_FINISHED_FILE", f"{name} in {state.uri} cannot be read ({error!r}): delete it and resume"
        ) from error
    return facts


def missing_summaries(order: RunOrder, state: Store, outputs: Store) -> list[str]:
    """Summaries of a finished run that are gone or of another size."""
    wanted = summaries_of(order, state)
    there = {name: outputs.stat(name) for name in wanted}
    return [n for n, entry in there.items() if entry is None or entry.size_bytes != wanted[n]["size_bytes"]]


def missing_outputs(order: RunOrder, outputs: Store, done: Iterable[DoneShard]) -> list[int]:
    """Those of these shards one of whose files is neither staged nor published with its size."""
    staged = layout.staged(order.run, "")
    missing = {(name, facts["size_bytes"]): shard.shard for shard in done for name, facts in shard.outputs.items()}
    for entry in outputs.list():
        missing.pop((entry.name.removeprefix(staged), entry.size_bytes), None)
    return sorted(set(missing.values()))
