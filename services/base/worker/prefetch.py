"""A shard's inputs, read ahead of the child that computes on them, and compared with the list that the run froze."""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from services.base.errors import BadConfig, BadInput, VisemillError
from services.base.media.clip import Clip, Media
from services.base.run.manifest import ClipRow
from services.base.stage.spec import ClipJob
from services.base.store.interface import ReadableStore
from services.base.store.picture_folders import media_of, read_media, stat_media

# Media beyond this is handed to the child as a file, where there is one, and not through memory.
_IN_MEMORY_BYTES = 64 << 20
# A file of an earlier output beyond this is none of a clip's.
_MOST_EXISTING_BYTES = 16 << 20
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

    @functools.cached_property
    def job(self) -> ClipJob:
        """What is to be done, always the same object. Raises `error` where there is one."""
        if self.error is not None:
            raise self.error
        assert self.media is not None
        return ClipJob(self.row.clip(), self.media, self.extras)

    def drop_media(self) -> None:
        """Lets go of the media's bytes; their digest stays, and `job` is another from now on."""
        if self.media is not None:
            self.media = Media(self.media.name, self.media.sha256, 0, data=b"")
            self.__dict__.pop("job", None)


_Found = ReadClip | BaseException | None


class ClipsAhead:
    """Clips in order; the next ones are read while the caller works."""

    def __init__(self, read: Callable[[ClipRow], ReadClip], rows: list[ClipRow], check: Callable[[], None]) -> None:
        """check: called while waiting, may raise."""
        self._read = read
        self._rows = rows
        self._check = check
        self._found: queue.Queue[_Found] = queue.Queue(_NUM_AHEAD)
        self._seen: list[_Found] = []
        self._ended = threading.Event()

    def __iter__(self) -> Iterator[ReadClip]:
        reader = threading.Thread(target=self._fill, daemon=True)
        reader.start()
        try:
            while (clip := self._next()) is not None:
                yield clip
        finally:
            self._ended.set()
            reader.join(timeout=5)

    def peek(self) -> ReadClip | None:
        """The clip after the one that was given out last, if it can be had at once and can be worked on."""
        if not self._seen:
            with contextlib.suppress(queue.Empty):
                self._seen.append(self._found.get_nowait())
        found = self._seen[0] if self._seen else None
        return found if isinstance(found, ReadClip) and found.error is None else None

    def _next(self) -> ReadClip | None:
        while True:
            self._check()
            with contextlib.suppress(queue.Empty):
                clip = self._seen.pop() if self._seen else self._found.get(timeout=_POLL_S)
                if isinstance(clip, BaseException):
                    raise clip
                return clip

    def _fill(self) -> None:
        try:
            for row in self._rows:
                if self._ended.is_set():
                    return
                self._put(self._read(row))
        except BaseException as error:  # noqa: BLE001 - raised where the shard waits, which would else wait for ever
            self._put(error)
        self._put(None)

    def _put(self, item: _Found) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(queue.Full):
                self._found.put(item, timeout=_POLL_S)
                return


@dataclass(frozen=True)
class ExistingFiles:
    """Files that the output may hold of a clip from before. looks_at: (clip) -> their names by role."""

    outputs: ReadableStore
    looks_at: Callable[[Clip], Mapping[str, str]]

    def of(self, clip: Clip) -> dict[str, bytes]:
        """By role, those that are there, can be read, and are no larger than such a file is."""
        found: dict[str, bytes] = {}
        for role, name in self.looks_at(clip).items():
            with contextlib.suppress(VisemillError, OSError):
                entry = self.outputs.stat(name)
                if entry is not None and entry.size_bytes <= _MOST_EXISTING_BYTES:
                    found[role] = self.outputs.read(name)
        return found


class ClipInputs:
    """Reads the inputs of clips. fixed: files that are not as the frozen list has them and are taken all the same."""

    def __init__(
        self,
        store: ReadableStore,
        may_change: Collection[str],
        fixed_before: Mapping[str, Version],
        existing: ExistingFiles | None = None,
    ) -> None:
        """may_change: keys of clips that have given nothing to the output yet. fixed_before: what was taken before.
        existing: files of the output that are read beside the inputs.
        """
        self._existing = existing
        self._store = store
        self._may_change = may_change
        self._fixed_before = fixed_before
        self.fixed: dict[str, Version] = {}

    def ahead(self, rows: list[ClipRow], check: Callable[[], None]) -> ClipsAhead:
        """These clips, each as `read` gives it. check: called while waiting, may raise."""
        return ClipsAhead(self.read, rows, check)

    def read(self, row: ClipRow) -> ReadClip:
        """The inputs of one clip; what cannot be read is in `error`."""
        clip = ReadClip(row)
        try:
            row.clip()
        except ValueError as error:
            clip.error = BadInput("BAD_CLIP", f"{row.key!r} makes no clip ({error}): rename its file")
            return clip
        try:
            self._check_version(row.media, (row.size_bytes, row.version), row.key)
            if row.size_bytes > _IN_MEMORY_BYTES:
                clip.media = media_of(self._store, row.media)
            else:
                clip.media = Media.of_bytes(row.media, read_media(self._store, row.media))
            for extra in row.extras:
                self._check_version(extra.path, (extra.size_bytes, extra.version), row.key)
                clip.extras[extra.role] = self._store.read(extra.path)
            if self._existing is not None:
                clip.extras |= self._existing.of(row.clip())
        except VisemillError as error:
            clip.error = _of_one_clip(error)
        except OSError as error:
            message = f"{row.media} cannot be read ({error}): check its permissions and the disk"
            clip.error = BadInput("NOT_READABLE", message)
        return clip

    def _check_version(self, name: str, listed: Version, key: str) -> None:
        entry = stat_media(self._store, name)
        there = None if entry is None else (entry.size_bytes, entry.version)
        if there == listed:
            return
        if there is not None and (key in self._may_change or self._fixed_before.get(name) == there):
            self.fixed[name] = there
        if name in self.fixed or key in self._may_change:
            return
        raise BadConfig(
            "INPUT_CHANGED",
            f"{name} {'is gone' if there is None else 'has changed'} since the run was planned: restore it, "
            "or begin a new run in a new output root",
        )


def _of_one_clip(error: VisemillError) -> VisemillError:
    """A file that may not be read costs its clip, although a folder that may not be written costs the run."""
    return BadInput(error.reason, error.message, error.detail) if error.reason == "NOT_READABLE" else error
