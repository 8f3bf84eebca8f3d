"""I/O: tables of a finished output that its user edits, such as labels: an edit is never overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.pipelines.base import Pipeline
from services.base.errors import BadConfig
from services.base.run.spec import RunSpec
from services.base.store.interface import NotThere, Store


def edited_tables(tables: Iterable[str], written: Mapping[str, Mapping[str, Any]], outputs: Store) -> list[str]:
    """Those that are there with other bytes than the run wrote. written: name -> "sha256" of it."""
    there = {name: _read(outputs, name) for name in sorted(tables) if name in written}
    return [n for n, data in there.items() if data and hashlib.sha256(data).hexdigest() != written[n]["sha256"]]


def refuse_edited(names: Sequence[str], outputs: Store) -> None:
    """Raises BadConfig TABLE_EDITED where a finished run is to be published again over what its user has edited."""
    if names:
        raise BadConfig(
            "TABLE_EDITED",
            f"{', '.join(names)} in {outputs.uri} was changed since the run wrote it, and other files of the run are "
            "lost, so that it would be written anew: move it out of the output, give the command again, and put back "
            "what you changed",
        )


def check_nothing_lost(
    pipeline: Pipeline, specs: Sequence[RunSpec], outputs: Store, summaries: Mapping[str, Iterable[bytes]]
) -> None:
    """Raises BadConfig TABLE_EDITED where a table is there that says what the one to be written does not.

    specs: of all runs of the output, the last one that which publishes.
    """
    for name in sorted(pipeline.tables(specs[-1]) & set(summaries)):
        before, after = _read(outputs, name), b"".join(summaries[name])
        # Most tables only grow: these are not taken apart.
        if set(before.splitlines()) <= set(after.splitlines()):
            continue
        if lost := pipeline.lost(specs, name, before, after):
            raise BadConfig(
                "TABLE_EDITED",
                f"{name} in {outputs.uri} was changed since this run was planned, and writing it anew would lose "
                f"{lost}: move it out of the output, `visemill resume --output-root {outputs.uri}`, and put back what "
                "you changed",
            )


def _read(outputs: Store, name: str) -> bytes:
    try:
        return outputs.read(name)
    except NotThere:
        return b""
