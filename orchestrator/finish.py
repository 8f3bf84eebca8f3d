"""I/O: what happens when every shard is done: checks, then outputs move to their names, the summary last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from orchestrator.added import parts_of, quality_of, quarantine_of
from orchestrator.carrying import forget
from orchestrator.leaks import content_leaks, raise_if_leaking
from orchestrator.lease import Lease
from orchestrator.observe import observe, read_clips, read_done, read_quarantine
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


def publish_whole(pipeline: Pipeline, order: RunOrder, state: Store, outputs: Store) -> bool | None:
    """Publishes under the output's lease. True: now; None: it was; False: outputs are lost, and their shards forgotten.

    Raises BadConfig: OUTPUT_IN_USE while another process has the output, and as publish does.
    """
    with Lease(outputs.uri, order.run) as lease:
        observed = observe(state, order.run)
        lost = missing_outputs(order, state, outputs, observed.done)
        if lost or len(observed.done) < order.num_shards:
            forget(order, state, lost)
            return False
        if observed.finished and not missing_summaries(order, state, outputs):
            return None
        outputs.clean_abandoned(ABANDONED_AFTER_S)
        lease.check()
        publish(pipeline, order, state, outputs)
        return True


def publish(pipeline: Pipeline, order: RunOrder, state: Store, outputs: Store) -> list[DoneShard]:
    """Makes the output tree complete. Raises BadConfig when content stands in two splits, or an output is gone.

    Safe to be killed and called again: a file moves once, and finished.json is written when all is in place.
    """
    done = read_done(state, order, range(order.num_shards))
    check_leaks(order, state, done)
    parts = parts_of(state, [*earlier_runs(outputs), order.run])
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
        for name in summaries:
            outputs.delete(name)
    for name, facts in files.items():
        _move(order, outputs, name, facts)
    for name, data in summaries.items():
        outputs.put(name, data)
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


def check_leaks(order: RunOrder, state: Store, done: Sequence[DoneShard]) -> None:
    """Raises BadConfig CONTENT_LEAK when two splits hold records of the same media bytes."""
    manifest = read_clips(state, order)
    splits = {row.key: row.split for row in manifest}
    left_out = {line["key"] for line in read_quarantine(state, order, [shard.shard for shard in done])}
    inputs = (pair for shard in done for pair in shard.inputs.items() if pair[0] not in left_out)
    raise_if_leaking(content_leaks((key, splits[key], sha256) for key, sha256 in inputs), state.uri)


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


def missing_outputs(order: RunOrder, state: Store, outputs: Store, shards: Collection[int]) -> list[int]:
    """Those of these shards that are done, but one of whose files is neither staged nor published with its size."""
    staged = layout.staged(order.run, "")
    sizes = {(entry.name.removeprefix(staged), entry.size_bytes) for entry in outputs.list()}
    done = read_done(state, order, shards)
    return [d.shard for d in done if any((n, f["size_bytes"]) not in sizes for n, f in d.outputs.items())]
