"""Both manifests of an output split anew, and stats.json: each clip's line as it stands, in the one that is chosen.

Lines wait on the disk: of a clip some 40 bytes are held. All three files are written before one of them is replaced; a
split that was killed meanwhile is finished by the next.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from services.base.errors import BadConfig
from services.base.process.external_sort import ExternalSort
from services.base.store.interface import NotThere, ReadableStore, Store
from services.base.store.open import open_store
from services.records.tts.names import MANIFESTS, PROGRESS_FILE, STATS_FILE
from services.records.tts.places import Places

# Beside the files that they become, as a rename may not leave their disk.
_STAGED = ".resplit-"
_READY = f"{_STAGED}ready"
_PIECE_BYTES = 4 << 20
_PART_BYTES = 1 << 20
_LENGTH_BYTES = 4

Choice = Callable[[Iterable[str]], Collection[str]]
"""From the ids of all clips, in the order of the data set, to those that go to val."""


@dataclass
class Resplit:
    """What was done. num_moved: clips that are in the other manifest now. in_val, speakers, languages: of each clip."""

    num_train: int = 0
    num_val: int = 0
    num_moved: int = 0
    in_val: list[bool] = field(default_factory=list)
    speakers: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)


def resplit(output: str, choose: Choice) -> Resplit:
    """output: a folder or URI that holds manifests, whoever wrote them. A line keeps its bytes and its fields.

    Lines come in the order of the progress file; of clips that it does not name, as they stood, train before val.
    Raises BadConfig ROOT_MISSING, NO_MANIFEST, BAD_MANIFEST for a line that is no clip's or has the id of another:
    nothing is changed then.
    """
    store = open_store(output, must_exist=True)
    _finish(store)
    stats = _held_stats(store)
    with ExitStack() as until_written:
        lines = until_written.enter_context(ExternalSort("lines of manifests"))
        made = Resplit()
        _read(store, lines)
        val = choose(clip_id for clip_id, _, _ in _in_order(lines))
        uploads = {name: until_written.enter_context(store.upload(_STAGED + name)) for name in MANIFESTS}
        parts = {name: bytearray() for name in MANIFESTS}
        for clip_id, old, line in _in_order(lines):
            name = MANIFESTS[clip_id in val]
            _count(made, json.loads(line), is_val=clip_id in val, moved=old != name)
            parts[name] += line
            if len(parts[name]) >= _PART_BYTES:
                uploads[name].write(bytes(parts[name]))
                parts[name].clear()
        for name in MANIFESTS:
            uploads[name].write(bytes(parts[name]))
            uploads[name].commit()
    counts = {"total": made.num_train + made.num_val, "train": made.num_train, "val": made.num_val}
    text = json.dumps({**counts, **stats, **counts}, indent=2, ensure_ascii=False)
    store.put(_STAGED + STATS_FILE, f"{text}\n".encode())
    store.put(_READY, b"")
    _finish(store)
    return made


def _finish(store: Store) -> None:
    """Gives files that are all written their names; removes those of a split that wrote only some."""
    names = [*reversed(MANIFESTS), STATS_FILE]
    if store.stat(_READY) is None:
        for name in names:
            store.delete(_STAGED + name)
        return
    # It says that the manifests beside it are complete.
    if store.stat(_STAGED + STATS_FILE) is not None:
        store.delete(STATS_FILE)
    for name in names:
        # What is not there any more has its name.
        with contextlib.suppress(NotThere):
            store.move(_STAGED + name, name)
    store.delete(_READY)


def _read(store: ReadableStore, lines: ExternalSort) -> None:
    """All lines, under their places in the order of the data set."""
    held = [name for name in MANIFESTS if store.stat(name) is not None]
    if not held:
        raise BadConfig(
            "NO_MANIFEST",
            f"{store.uri} has neither {' nor '.join(MANIFESTS)}: give the output of a run that is finished "
            "(`visemill resume` finishes one)",
        )
    order = Places(line.decode(errors="surrogateescape") for _, line in _lines(store, PROGRESS_FILE))
    ids = Places()
    for name in held:
        for number, line in _lines(store, name):
            clip_id = _id_of(line, name, number)
            place = order.of(clip_id)
            if place is None:
                place = len(order) + len(ids)
            ids.add(clip_id)
            header = bytes([MANIFESTS.index(name)]) + len(clip_id.encode()).to_bytes(_LENGTH_BYTES)
            lines.add(place.to_bytes(8), header + clip_id.encode() + line + b"\n")
    if ids.has_repeated:
        raise BadConfig("BAD_MANIFEST", _repeated(lines))


def _repeated(lines: ExternalSort) -> str:
    seen: set[str] = set()
    for clip_id, name, _ in _in_order(lines):
        if clip_id in seen:
            return f"{name} has a line of {clip_id!r}, which another line is of too: take out one of the two"
        seen.add(clip_id)
    raise AssertionError("digests of ids were alike, and ids are not")


def _in_order(lines: ExternalSort) -> Iterator[tuple[str, str, bytes]]:
    """(id, manifest that the line was in, line)."""
    for _, data in lines:
        end = 1 + _LENGTH_BYTES + int.from_bytes(data[1 : 1 + _LENGTH_BYTES])
        yield data[1 + _LENGTH_BYTES : end].decode(), MANIFESTS[data[0]], data[end:]


def _id_of(line: bytes, name: str, number: int) -> str:
    try:
        record = json.loads(line)
        clip_id = record["id"]
        if isinstance(clip_id, int) and not isinstance(clip_id, bool):
            clip_id = str(clip_id)
        if isinstance(clip_id, str) and clip_id:
            clip_id.encode()
            return clip_id
        why = f"its id is {clip_id!r}"
    except (ValueError, RecursionError, KeyError, TypeError, IndexError) as error:
        why = f"it is no object with an id ({type(error).__name__}: {error})"
    raise BadConfig("BAD_MANIFEST", f"line {number} of {name}: {why}: mend the line, or take it out")


def _count(made: Resplit, record: Any, *, is_val: bool, moved: bool) -> None:
    made.num_val += is_val
    made.num_train += not is_val
    made.num_moved += moved
    made.in_val.append(is_val)
    made.speakers.append(sys.intern(str(record.get("speaker") or "")))
    made.languages.append(sys.intern(str(record.get("language") or "")))


def _held_stats(store: ReadableStore) -> dict[str, Any]:
    """What stats.json says, whatever else than counts it holds. Raises BadConfig BAD_STATS."""
    try:
        held = json.loads(store.read(STATS_FILE))
        if not isinstance(held, dict):
            raise ValueError(f"it holds {type(held).__name__}")
    except NotThere:
        return {}
    except ValueError as error:
        raise BadConfig(
            "BAD_STATS", f"{STATS_FILE} in {store.uri} is no JSON object ({error}): mend it, or move it away"
        ) from error
    return held


def _lines(store: ReadableStore, name: str) -> Iterator[tuple[int, bytes]]:
    """(number, line without its end) of a text file; none of one that is not there, and none that is empty."""
    number, rest = 0, b""
    for piece in _pieces(store, name):
        *found, rest = (rest + piece).split(b"\n")
        for line in found:
            number += 1
            if line := _plain(line, number):
                yield number, line
    if rest := _plain(rest, number + 1):
        yield number + 1, rest


def _plain(line: bytes, number: int) -> bytes:
    return (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip()


def _pieces(store: ReadableStore, name: str) -> Iterator[bytes]:
    offset = 0
    with contextlib.suppress(NotThere):
        while piece := store.read(name, offset, _PIECE_BYTES):
            yield piece
            offset += len(piece)
