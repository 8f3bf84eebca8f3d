"""I/O: what is known of each video before it is decoded: made once, and kept beside the checkpoints."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.base.digest import digest_of
from services.base.errors import BadInput, Transient
from services.base.media.clip import Media
from services.base.process.cgroup import granted_cores
from services.base.process.retry import poll
from services.base.store.interface import Entry, NotThere, ReadableStore, Store
from services.training.data.lips.videos import VideoLength, length_of

_log = logging.getLogger("visemill.training.data")
_VERSION = 1
_TOLD_EVERY_S, _POLL_S = 4.0, 0.2
# Far more than the whole data set takes.
_MAKING_LIMIT_S = 24 * 3600.0


class KnownVideo(NamedTuple):
    """sha256: of the file. length: None where it cannot be read; then reason and message say why."""

    sha256: str
    length: VideoLength | None
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class VideoIndex:
    """of: name -> what is known of it."""

    of: Mapping[str, KnownVideo]

    def to_json(self) -> bytes:
        videos = {name: [one.sha256, one.length, one.reason, one.message] for name, one in self.of.items()}
        return json.dumps({"version": _VERSION, "videos": videos}).encode()


def index_from_json(data: bytes) -> VideoIndex:
    """Raises ValueError, KeyError or TypeError for what `to_json` did not write."""
    fields = json.loads(data)
    if fields["version"] != _VERSION:
        raise ValueError(f"version {fields['version']}")
    return VideoIndex({name: _known(*values) for name, values in fields["videos"].items()})


def _known(sha256: str, length: Sequence[Any] | None, reason: str, message: str) -> KnownVideo:
    return KnownVideo(sha256, None if length is None else VideoLength(*length), reason, message)


def index_name(videos: Sequence[Entry]) -> str:
    """Where the index of these files lies in a state root: files of another size or time have another."""
    listed = [[one.name, one.size_bytes, one.version] for one in videos]
    return f"indexes/{digest_of(['videos', _VERSION, listed])}.json"


def open_video_index(
    data: ReadableStore, videos: Sequence[Entry], state: Store, *, makes: bool = True, limit_s: float = _MAKING_LIMIT_S
) -> VideoIndex:
    """Of these files, sorted by name. makes: whether it is made here where there is none; else it is waited for until
    another process has it. Raises Transient INDEX_MISSING after limit_s, and as the stores do.
    """
    name = index_name(videos)
    kept = _kept(state, name)
    if kept is None and makes:
        kept = _made(data, videos)
        state.put(name, kept.to_json())
    if kept is None:
        kept = poll(lambda: _kept(state, name), limit_s=limit_s, every_s=_POLL_S)
    if kept is None:
        raise Transient("INDEX_MISSING", f"{name} of {data.uri} is not there: see the log of rank 0, which makes it")
    return kept


def _kept(state: Store, name: str) -> VideoIndex | None:
    try:
        return index_from_json(state.read(name))
    except NotThere:
        return None
    except (ValueError, KeyError, TypeError) as error:
        _log.warning("%s cannot be read (%r): it is made anew", name, error)
        return None


def _made(data: ReadableStore, videos: Sequence[Entry]) -> VideoIndex:
    _log.info("indexing %d videos in %s: each is read once", len(videos), data.uri)
    found: dict[str, KnownVideo] = {}
    told_s = time.monotonic()
    with ThreadPoolExecutor(max(1, granted_cores()), "index") as threads:
        for entry, known in zip(videos, threads.map(lambda one: _looked_at(data, one), videos), strict=True):
            found[entry.name] = known
            if time.monotonic() - told_s >= _TOLD_EVERY_S:
                told_s = time.monotonic()
                _log.info("%d of %d videos are indexed", len(found), len(videos))
    return VideoIndex(found)


def _looked_at(data: ReadableStore, entry: Entry) -> KnownVideo:
    content = data.read(entry.name)
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        return KnownVideo(sha256, length_of(Media(entry.name, sha256, len(content), data=content)))
    except BadInput as error:
        return KnownVideo(sha256, None, error.reason, error.message)
