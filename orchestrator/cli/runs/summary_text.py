"""How a run has ended, in words."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.console.escape import one_line
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.runs.gang.progress import gang_lines
from services.base.process.quantities import counted, duration, num_bytes


def text_of(data: Mapping[str, Any], notes: Sequence[str]) -> str:
    """The answer about a run in words. data: as `_data` gives it; notes: those that were not told before."""
    lines = [f"note: {one_line(note)}" for note in notes]
    if data["nothing_to_do"]:
        # It also says which tables are not as the run wrote them.
        _, semicolon, more = str(data["why"]).partition("; ")
        lines.append(f"run {data['run']} was finished before: nothing to do{semicolon}{more}")
    elif data["finished"]:
        lines.append(f"run {data['run']} finished in {duration(data['wall_s'])}")
    else:
        lines.append(f"run {data['run']} is NOT finished: {data['why']}")
    records, shards, root = data["records"], data["shards"], shlex.quote(data["output_root"])
    pipeline = pipeline_of(data["pipeline"])
    splits = ", ".join(f"{split} {count}" for split, count in records.items())
    num_records = sum(records.values())
    product = pipeline.product.removesuffix("s") if num_records == 1 else pipeline.product
    made = f"{product} ({splits})" if len(pipeline.splits) > 1 else product
    size = num_bytes(data["bytes"])
    if shards["total"]:
        lines.append(f"  {num_records} {made} in {shards['done']} of {counted(shards['total'], 'shard')}, {size}")
    found = dict(data["reused"]) if not data["nothing_to_do"] else {}
    adopted = found.pop(pipeline.adoption.stage, 0) if pipeline.adoption is not None else 0
    if adopted:
        lines.append(f"  adopted: {counted(adopted, 'clip')}, whose files were there and right")
    if found:
        reused = ", ".join(f"{stage} of {counted(count, 'clip')}" for stage, count in found.items())
        lines.append(f"  reused from the cache: {reused}")
    if data["reasons"]:
        by_reason = ", ".join(f"{count} {reason}" for reason, count in sorted(data["reasons"].items()))
        of_all = f" of {data['found']} found" if "found" in data else ""
        lines.append(f"  {counted(data['quarantined'], 'clip')}{of_all} in quarantine: {by_reason}")
        for line in data.get("first_quarantined", ()):
            lines.append(f"    {one_line(line['media'])}: {line['reason']}: {one_line(line['message'])}")
        lines.append(f"  see them: visemill status --output-root {root} --quarantine")
    lines += gang_lines(data.get("passes", ()))
    if not data["finished"]:
        lines.append(f"  continue: {data.get('resume') or f'visemill resume --output-root {root}'}")
    if data["finished"] and num_records == 0 and shards["total"]:
        lines.append("  no clip gave a record: nothing can be trained on this output")
    lines.append(f"  output: {data['output_root']}")
    if "logs" in data:
        lines.append(f"  logs: {data['logs']}")
    return "\n".join(lines)
