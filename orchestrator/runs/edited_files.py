"""I/O: tables of a finished output that its user edits, such as labels: an edit is never overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from orchestrator.pipelines.base import Pipeline
from services.base.errors import BadConfig
from services.base.process.quantities import counted
from services.base.run import paths
from services.base.run.spec import RunSpec
from services.base.store.interface import NotThere, Store

_PIECE_BYTES = 4 << 20


def edited_tables(tables: Iterable[str], written: Mapping[str, Mapping[str, Any]], outputs: Store) -> list[str]:
    """Those that are there with other bytes than the run wrote. written: name -> "sha256" of it."""
    return [n for n in sorted(tables) if n in written and _is_edited(outputs, n, written[n])]


def _is_edited(outputs: Store, name: str, written: Mapping[str, Any]) -> bool:
    entry = outputs.stat(name)
    if entry is None or not entry.size_bytes:
        return False
    if entry.size_bytes != written["size_bytes"]:
        return True
    digest = hashlib.sha256()
    for piece in _pieces(outputs, name):
        digest.update(piece)
    return digest.hexdigest() != str(written["sha256"])


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
    pipeline: Pipeline,
    specs: Sequence[RunSpec],
    outputs: Store,
    summaries: Mapping[str, Iterable[bytes]],
    then: str = "",
) -> None:
    """Raises BadConfig TABLE_EDITED where a table is there that says what the one to be written does not.

    specs: of all runs of the output, the last one that which publishes. then: what is to be done once the table is out
    of the way; empty: the run is resumed.
    """
    then = then or f"`visemill resume --output-root {outputs.uri}`"
    tables = pipeline.tables(specs[-1]) - pipeline.derived_tables(specs[-1])
    for name in sorted(tables & set(summaries)):
        before = _lines_of(_pieces(outputs, name))
        # Most tables only grow: these are not taken apart.
        num_lost = len(np.setdiff1d(before, _lines_of(summaries[name]))) if len(before) else 0
        if not num_lost:
            continue
        lost = counted(num_lost, "line")
        if pipeline.lost is not None:
            lost = pipeline.lost(specs, name, b"".join(_pieces(outputs, name)), b"".join(summaries[name]))
        if lost:
            raise BadConfig(
                "TABLE_EDITED",
                f"{name} in {outputs.uri} was changed since this run was planned, and writing it anew would lose "
                f"{lost}: move it out of the output, {then}, and put back what you changed",
            )


def adopts(pipeline: Pipeline, spec: RunSpec) -> bool:
    """Whether the run takes over what its output held before, whoever made that."""
    return pipeline.adoption is not None and any(stage.name == pipeline.adoption.stage for stage in spec.stages)


def keep_replaced(pipeline: Pipeline, spec: RunSpec, outputs: Store, state: Store) -> None:
    """Copies the tables that such a run replaces to its state, once: somebody else wrote them."""
    for name in sorted(pipeline.tables(spec)):
        copy = f"{paths.run_dir(spec.run)}/replaced/{name}"
        if outputs.stat(name) is None or state.stat(copy) is not None:
            continue
        with state.upload(copy) as upload:
            for piece in _pieces(outputs, name):
                upload.write(piece)
            upload.commit()


def _lines_of(pieces: Iterable[bytes]) -> Any:
    """uint64 [N], of each line of a file a digest."""
    digests, rest = bytearray(), b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            digests += _digest(line)
    if rest:
        digests += _digest(rest)
    return np.frombuffer(digests, np.uint64)


def _digest(line: bytes) -> bytes:
    return hashlib.blake2b(line.rstrip(b"\r"), digest_size=8).digest()


def _pieces(outputs: Store, name: str) -> Iterator[bytes]:
    """A file in pieces; nothing of one that is not there."""
    offset = 0
    try:
        while piece := outputs.read(name, offset, _PIECE_BYTES):
            yield piece
            offset += len(piece)
    except NotThere:
        return
