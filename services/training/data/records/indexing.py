"""I/O: making the index of a set of TFRecords, once: every byte is read, and every checksum verified."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from services.base.digest import digest_of
from services.base.errors import BadInput, Transient
from services.base.process.cgroup import granted_cores
from services.base.process.retry import poll
from services.base.store.interface import ReadableStore, Store
from services.formats.example import bytes_place, decode_example
from services.formats.tfrecord import find_records, masked_crc32c
from services.training.data.records.clip_index import (
    FORMAT_VERSION,
    ClipIndex,
    ClipPlace,
    Damage,
    IndexedFile,
    encode_index,
)
from services.training.data.records.shards import Shard

_log = logging.getLogger("visemill.training.data")
_PIECE_BYTES = 8 << 20
_MOST_THREADS = 8
_POLL_S = 0.2
# Far more than a terabyte takes. Where who makes it ends, those who wait are ended by whoever started them.
_MAKING_LIMIT_S = 24 * 3600.0

Keep = Callable[[str, int, bytes], None]
"""Takes the payload of each record as it is read: (file, offset of the payload, payload)."""


def index_name(shards: Sequence[Shard]) -> str:
    """Where the index of these files lies in a state root: files of another size or time have another."""
    listed = [[shard.name, shard.size_bytes, shard.version] for shard in shards]
    return f"indexes/{digest_of([FORMAT_VERSION, listed])}.arrow"


def open_index(
    data: ReadableStore, shards: Sequence[Shard], state: Store, folder: Path, keep: Keep | None = None
) -> ClipIndex:
    """The index that the state root has of these files; made where it has none. folder: for a copy of it where the
    state root is no disk. keep: is given each record where the index is made.

    Two processes that make it at once make the same bytes. Raises as the stores do; BadInput where a file is gone.
    """
    name = index_name(shards)
    for is_new in (False, True):
        if is_new:
            _log.info("indexing %d files in %s: each is read once", len(shards), data.uri)
            state.put(name, _made(data, shards, keep))
        elif state.stat(name) is None:
            continue
        try:
            return ClipIndex(_on_disk(state, name, folder))
        except BadInput as error:
            if is_new:
                raise
            _log.warning("%s: it is made anew", error.message)
    raise AssertionError("not reached")


def wait_for_index(
    data: ReadableStore,
    shards: Sequence[Shard],
    state: Store,
    folder: Path,
    *,
    limit_s: float = _MAKING_LIMIT_S,
    poll_s: float = _POLL_S,
) -> ClipIndex:
    """The index that another process makes, by `open_index`, once it is there. folder: as of `open_index`.

    Raises Transient INDEX_MISSING after limit_s, and as the stores do.
    """
    name, why = index_name(shards), "it is not there"

    def look() -> ClipIndex | None:
        nonlocal why
        if state.stat(name) is None:
            return None
        try:
            return ClipIndex(_on_disk(state, name, folder))
        except BadInput as error:
            # Who makes it finds so too, and makes it anew.
            why = error.message
            return None

    found = poll(look, limit_s=limit_s, every_s=poll_s)
    if found is not None:
        return found
    raise Transient(
        "INDEX_MISSING",
        f"the index {name} of {data.uri} was waited for {limit_s:.0f} s ({why}): see the log of rank 0, which makes it",
    )


def _on_disk(state: Store, name: str, folder: Path) -> Path:
    path = state.local_path(name)
    if path is None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        state.fetch(name, path)
    return path


def _made(data: ReadableStore, shards: Sequence[Shard], keep: Keep | None) -> bytes:
    num_threads = max(1, min(_MOST_THREADS, granted_cores(), len(shards)))
    files, clips, damages = [], [], []
    with ThreadPoolExecutor(num_threads, "index") as threads:
        for found in threads.map(lambda i: _Reading(data, shards[i], i, keep), range(len(shards))):
            files.append(found.file)
            clips += found.clips
            damages += found.damages
    return encode_index(clips, files, damages)


class _Reading:
    """One file, read from its first byte to its last."""

    def __init__(self, data: ReadableStore, shard: Shard, number: int, keep: Keep | None) -> None:
        self._data, self._shard, self._number = data, shard, number
        self._digest = hashlib.sha256()
        self.clips: list[ClipPlace] = []
        self.damages: list[Damage] = []
        position = -1
        pieces = self._pieces()
        for position, found in enumerate(find_records(pieces)):
            if found.error is not None:
                self._damaged(position, found.error, ends_file=found.hides_rest)
                continue
            try:
                self.clips.append(self._clip(position, found.offset_bytes, found.payload))
            except BadInput as error:
                self._damaged(position, error)
                continue
            if keep is not None:
                keep(shard.name, found.offset_bytes, found.payload)
        # Where the rest is hidden, it is read for the digest of the file.
        for _ in pieces:
            pass
        self.file = IndexedFile(shard.name, shard.size_bytes, self._digest.hexdigest(), position + 1)

    def _pieces(self) -> Iterator[bytes]:
        offset = 0
        while offset < self._shard.size_bytes:
            piece = self._data.read(self._shard.name, offset, min(_PIECE_BYTES, self._shard.size_bytes - offset))
            if not piece:
                return
            self._digest.update(piece)
            offset += len(piece)
            yield piece

    def _damaged(self, position: int, error: BadInput, *, ends_file: bool = False) -> None:
        message = f"{self._shard.name}: {error.message}"
        self.damages.append(Damage(self._number, position, error.reason, message, ends_file))

    def _clip(self, position: int, payload_at: int, payload: bytes) -> ClipPlace:
        """Raises BadInput BAD_EXAMPLE."""
        features = decode_example(payload)
        t, h, w, c = (_number(features, name) for name in "thwc")
        offset, size_bytes = bytes_place(payload, "frames")
        num_frames, label_len = _number(features, "input_len"), _number(features, "label_len")
        label = features.get("label", [])[: max(0, label_len)]
        if t * h * w * c != size_bytes or min(t, h, w, c) < 1:
            raise _bad(f"frames of {size_bytes} bytes are no {t}x{h}x{w}x{c}")
        if not 0 <= num_frames <= t or len(label) != label_len or not all(isinstance(i, int) for i in label):
            raise _bad(f"input_len {num_frames} of {t} frames, label_len {label_len} of {len(label)} labels")
        return ClipPlace(
            self._number,
            position,
            payload_at,
            len(payload),
            masked_crc32c(payload),
            payload_at + offset,
            (t, h, w, c),
            num_frames,
            tuple(int(i) for i in label),
            _text(features, "utterance_id"),
            _text(features, "speaker_id"),
            hashlib.sha256(memoryview(payload)[offset : offset + size_bytes]).digest()[:16],
        )


def _number(features: object, name: str) -> int:
    values = features.get(name) if isinstance(features, dict) else None
    if not values or len(values) != 1 or not isinstance(values[0], int):
        raise _bad(f"feature {name!r} must be one int64")
    return int(values[0])


def _text(features: object, name: str) -> str:
    values = features.get(name) if isinstance(features, dict) else None
    try:
        if values and len(values) == 1 and isinstance(values[0], bytes):
            return values[0].decode()
    except UnicodeDecodeError:
        pass
    raise _bad(f"feature {name!r} must be one text")


def _bad(what: str) -> BadInput:
    return BadInput("BAD_EXAMPLE", f"{what}: these are no records of `visemill run grid` or of the original script")
