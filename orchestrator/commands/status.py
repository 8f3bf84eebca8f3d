"""`visemill status`: how far a run is, and what is in quarantine."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from orchestrator.commands import Answer, kube
from orchestrator.commands.roots import find_run
from orchestrator.observe import observe, read_done, read_quarantine
from orchestrator.progress import duration
from services.base.errors import BadConfig


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--quarantine",
        action="store_true",
        help="every quarantined clip, with its reason and a command that shows it again",
    )
    parser.add_argument("--watch", action="store_true", help="follow the run until it has ended")


def status(flags: argparse.Namespace) -> Answer:
    """From the store alone, or as a server says; the run may be going on elsewhere."""
    if flags.server:
        from orchestrator.commands import served

        return served.status(flags)
    if flags.watch and not kube.is_kube(flags):
        raise BadConfig("BAD_FLAGS", "--watch follows a run elsewhere: give --server or --cluster kube")
    if flags.watch:
        kube.watch_status(flags)
    order, state, _ = find_run(flags)
    observed = observe(state, order.run)
    done = read_done(state, order, observed.done)
    counts: Counter[str] = Counter()
    for shard in done:
        counts.update(shard.counts)
    lines = read_quarantine(state, order, observed.told)
    reasons = Counter(str(line["reason"]) for line in lines)
    worker_s = sum(shard.seconds.get("wall", 0.0) for shard in done)
    num_records = sum(count for name, count in counts.items() if name != "quarantined")
    data: dict[str, Any] = {
        "run": order.run,
        "pipeline": order.pipeline,
        "finished": observed.finished,
        "shards": {"done": len(done), "total": order.num_shards},
        "clips": order.num_clips,
        "records": {split: counts.get(split, 0) for split in ("train", "val", "test")},
        "quarantined": len(lines),
        "reasons": dict(sorted(reasons.items())),
        "worker_s": round(worker_s, 1),
        "quarantine": lines if flags.quarantine else [],
    }
    text = [
        f"run {order.run} ({order.pipeline}): {'finished' if observed.finished else 'not finished'}",
        f"  {len(done)} of {order.num_shards} shards, {num_records} records of {order.num_clips} clips, "
        f"{duration(worker_s)} of workers",
    ]
    if lines:
        text.append("  quarantine: " + ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())))
    if flags.quarantine:
        for line in lines:
            text.append(f"  {line['key']}: {line['reason']}: {line['message']}")
            text += [f"      {words}" for words in str(line["detail"]).splitlines()[-3:]]
            if line["reproduce"]:
                text.append(f"      {line['reproduce']}")
    if kube.is_kube(flags):
        data["cluster"] = kube.cluster_facts(flags)
        text += kube.cluster_lines(data["cluster"])
    return Answer("\n".join(text), data)
