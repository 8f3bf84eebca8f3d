"""A shard's inputs, read ahead of the child that computes on them, and compared with the list that the run froze."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from services.base.errors import BadConfig, BadInput, VisemillError
from services.base.manifest import ClipRow
from services.base.media import Media
from services.base.store import Store

# Media beyond this is handed to the child as a file, where there is one, and not through memory.
_IN_MEMORY_BYTES = 64 << 20
_NUM_AHEAD = 2
_POLL_S = 0.1

Version = tuple[int, str]


@dataclass
class ReadClip:
    """A clip's inputs as read, or what went wrong."""

    row: ClipRow
    media: Media | None = None
    extras: dict[str, bytes] = field(default_factory=dict)
    error: VisemillError | None = None


class ClipInputs:
    """Reads the inputs of clips. mended: files that are not as the frozen list has them and are taken all the same."""

    def __init__(self, store: Store, may_change: Collection[str], mended_before: Mapping[str, Version]) -> None:
        """may_change: keys of clips that have given nothing to the output yet. mended_before: what was taken before."""
        self._store = store
        self._may_change = may_change
        self._mended_before = mended_before
        self.mended: dict[str, Version] = {}

    def ahead(self, rows: list[ClipRow], check: Callable[[], None]) -> Iterator[ReadClip]:
        """Clips in order; the next ones are read while the caller works. check: called while waiting, may raise."""
        found: queue.Queue[ReadClip | BaseException | None] = queue.Queue(_NUM_AHEAD)
        ended = threading.Event()
        reader = threading.Thread(target=self._fill, args=(rows, found, ended), daemon=True)
        reader.start()
        try:
            while True:
                check()
                with contextlib.suppress(queue.Empty):
                    clip = found.get(timeout=_POLL_S)
                    if isinstance(clip, BaseException):
                        raise clip
                    if clip is None:
                        return
                    yield clip
        finally:
            ended.set()
            reader.join(timeout=5)

    def _fill(
        self, rows: list[ClipRow], found: queue.Queue[ReadClip | BaseException | None], ended: threading.Event
    ) -> None:
        def put(item: ReadClip | BaseException | None) -> None:
            while not ended.is_set():
                with contextlib.suppress(queue.Full):
                    found.put(item, timeout=_POLL_S)
                    return

        try:
            for row in rows:
                if ended.is_set():
                    return
                put(self.read(row))
        except BaseException as error:  # noqa: BLE001 - raised where the shard waits, which would else wait for ever
            put(error)
        put(None)

    def read(self, row: ClipRow) -> ReadClip:
        """The inputs of one clip; what cannot be read is in `error`."""
        clip = ReadClip(row)
        try:
            self._check_version(row.media, (row.size_bytes, row.version), row.key)
            path = self._store.local_path(row.media)
            if path is not None and row.size_bytes > _IN_MEMORY_BYTES:
                clip.media = Media.of_file(path, row.media)
            else:
                clip.media = Media.of_bytes(row.media, self._store.read(row.media))
            for extra in row.extras:
                self._check_version(extra.path, (extra.size_bytes, extra.version), row.key)
                clip.extras[extra.role] = self._store.read(extra.path)
        except VisemillError as error:
            clip.error = _of_one_clip(error)
        except OSError as error:
            message = f"{row.media} cannot be read ({error}): check its permissions and the disk"
            clip.error = BadInput("NOT_READABLE", message)
        return clip

    def _check_version(self, name: str, listed: Version, key: str) -> None:
        entry = self._store.stat(name)
        there = None if entry is None else (entry.size_bytes, entry.version)
        if there == listed:
            return
        if there is not None and (key in self._may_change or self._mended_before.get(name) == there):
            self.mended[name] = there
        if name in self.mended or key in self._may_change:
            return
        raise BadConfig(
            "INPUT_CHANGED",
            f"{name} {'is gone' if there is None else 'has changed'} since the run was planned: restore it, "
            "or begin a new run in a new output root",
        )


def _of_one_clip(error: VisemillError) -> VisemillError:
    """A file that may not be read costs its clip, although a folder that may not be written costs the run."""
    return BadInput(error.reason, error.message, error.detail) if error.reason == "NOT_READABLE" else error
