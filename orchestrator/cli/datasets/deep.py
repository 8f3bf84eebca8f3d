"""What `visemill plan --deep` reads: the bytes of every video, and its frames as a run would decode them.

Publishing compares both, so the same frames in another container are found before the run too. Frames are decoded by
the decode stage's own command line, with the run's settings, in as many processes as there are cores.
"""

from __future__ import annotations

import json
import queue
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from orchestrator.cli.runs.reproduce import local_file
from orchestrator.planner.planning import limit_argv
from orchestrator.planner.reading import Unread, media_sha256, read_all, reading, with_progress
from orchestrator.planner.services import service_lines
from orchestrator.runs.leakage import Hashed, Leak, content_leaks, unreported
from services.base.errors import EXIT_BUG, EXIT_OK, EXIT_QUARANTINED
from services.base.process.cgroup import granted_cores
from services.base.run.manifest import ClipRow
from services.base.run.spec import RunSpec
from services.base.store.interface import ReadableStore

# Of one process: enough that its start does not count, few enough for a command line and, from S3, for a disk.
_BATCH = 128
_LIMIT_S = 6 * 3600.0

Decoded = tuple[str, str]
"""A clip's key and the digest of its decoded frames."""


def find_leaks(spec: RunSpec, rows: Sequence[ClipRow], inputs: ReadableStore) -> tuple[list[Leak], dict[str, Unread]]:
    """The same content in two splits, by bytes and then by frames, and by path clips that cannot be read or decoded.

    Every media file is read; where there are several splits each is decoded, those of the same bytes once. Raises what
    is wrong with more than a clip.
    """

    def one(row: ClipRow) -> Hashed:
        return row.key, row.split, media_sha256(inputs, row.media)

    digests, unread = read_all(rows, one, "reading everything")
    by_bytes = content_leaks(digests)
    if len({split for _, split, _ in digests}) < 2:
        return by_bytes, unread
    sha256_of = {key: sha256 for key, _, sha256 in digests}
    first_of: dict[str, ClipRow] = {}
    for row in rows:
        if row.key in sha256_of:
            first_of.setdefault(sha256_of[row.key], row)
    decoded, undecoded = with_progress(
        decoded_digests(spec, list(first_of.values()), inputs, granted_cores()), len(first_of), "decoding everything"
    )
    frames_of = {sha256_of[key]: frames for key, frames in decoded}
    frames = [(key, split, frames_of[sha256]) for key, split, sha256 in digests if frames_of.get(sha256)]
    bad = {sha256: undecoded[row.media] for sha256, row in first_of.items() if row.media in undecoded}
    for row in rows:
        if (found := bad.get(sha256_of.get(row.key, ""))) is not None:
            unread[row.media] = found._replace(path=row.media)
    return [*by_bytes, *unreported(content_leaks(frames), by_bytes)], unread


def decoded_digests(
    spec: RunSpec, rows: Sequence[ClipRow], inputs: ReadableStore, num_processes: int
) -> Iterator[Decoded | Unread]:
    """(key, digest of decoded frames) of every clip, or why it cannot be decoded; in the order in which they are done.

    Raises what is wrong with more than a clip.
    """
    source = spec.stages[0]
    argv = ["--config", json.dumps({source.name: dict(source.config)}), *limit_argv(spec)]
    # Small sets are spread over all processes as well.
    size = max(1, min(_BATCH, -(-len(rows) // num_processes)))
    answers: queue.SimpleQueue[Decoded | Unread | None] = queue.SimpleQueue()
    stopped = False

    def decode(batch: Iterable[ClipRow]) -> None:
        try:
            for answer in _of_batch(source.name, argv, batch, inputs):
                answers.put(answer)
                if stopped:
                    return
        finally:
            answers.put(None)

    batches = [rows[i : i + size] for i in range(0, len(rows), size)]
    with ThreadPoolExecutor(num_processes) as pool:
        under_way = [pool.submit(decode, batch) for batch in batches]
        try:
            for _ in under_way:
                while (answer := answers.get()) is not None:
                    yield answer
            for future in under_way:
                future.result()
        finally:
            stopped = True
            pool.shutdown(wait=False, cancel_futures=True)


def _of_batch(
    stage: str, argv: Sequence[str], rows: Iterable[ClipRow], inputs: ReadableStore
) -> Iterator[Decoded | Unread]:
    with tempfile.TemporaryDirectory() as folder:
        there: list[tuple[ClipRow, str]] = []
        for row in rows:
            path = reading(row, lambda row: str(local_file(inputs, row.media, Path(folder))))
            if isinstance(path, Unread):
                yield path
            else:
                there.append((row, path))
        if not there:
            return
        paths = [path for _, path in there]
        accept = (EXIT_OK, EXIT_QUARANTINED, EXIT_BUG)
        lines = service_lines(stage, "once", *argv, "--", *paths, limit_s=_LIMIT_S, accept=accept)
        for (row, _), line in zip(there, lines, strict=True):
            yield _answer(row, json.loads(line))


def _answer(row: ClipRow, facts: Mapping[str, Any]) -> Decoded | Unread:
    if facts["outcome"] == "ok":
        return row.key, facts["facts"]["frames_sha256"]
    return Unread(row.media, facts["reason"], facts["message"])
