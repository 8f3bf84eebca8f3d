"""I/O: what an output holds before a run that may take it over."""

from __future__ import annotations

import itertools

import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.pipelines.data_sets import Adoption
from orchestrator.roots import open_named
from orchestrator.runs.claim.claim import claim_of
from services.base.process.quantities import counted
from services.base.run.manifest import ClipTable
from services.base.run.spec import RunSpec

_NUM_AT_ONCE = 100_000


def has_to_adopt(adoption: Adoption, output_root: str, spec: RunSpec) -> bool:
    """Whether the output holds a clip's files that are not of this very run."""
    outputs = open_named("--output-root", output_root)
    claim = claim_of(outputs)
    if claim is not None:
        return claim.digest != spec.digest
    return any(adoption.is_own(entry.name) for entry in outputs.list())


def left_alone(adoption: Adoption, output_root: str, rows: ClipTable) -> list[str]:
    """A note of the clips in the output that the data set does not name; their files stay as they are."""
    names = (adoption.clip_of(entry.name) for entry in open_named("--output-root", output_root).list())
    there = (name for name in names if name)
    ids = rows.column("utterance_id")
    num, first = 0, ""
    while batch := list(itertools.islice(there, _NUM_AT_ONCE)):
        found = pa.array(batch, ids.type)
        others = found.filter(pc.invert(pc.is_in(found, value_set=ids)))
        first = first or (str(others[0]) if len(others) else "")
        num += len(others)
    if not num:
        return []
    return [
        f"the output holds files of {counted(num, 'clip')} that the data set does not name, the first {first}: they "
        "stay as they are, and are in no list of this run"
    ]
