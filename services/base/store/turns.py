"""I/O: writers of one file take turns, so that none loses what another has just written into it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator

from services.base.errors import Transient
from services.base.store.interface import NotThere, Store
from services.base.store.local.folder import LocalFolder
from services.base.store.local.upload import make_folders
from services.base.store.os_errors import refusal

_POLL_S = 0.1
# A turn lasts for a read and a write: who is silent for longer has died.
_SILENT_S, _PATIENCE_S = 30.0, 120.0


def rewrite(store: Store, name: str, lock: str, change: Callable[[bytes | None], bytes]) -> None:
    """Replaces a file, atomically, by what change makes of its bytes (None: it is not there). Whoever rewrites it at
    the same time waits. lock: a name in the store that is of nothing else. Raises as `turn` and stores do, and what
    change raises: then the file stays as it is.
    """
    with turn(store, lock):
        try:
            before = store.read(name)
        except NotThere:
            before = None
        store.put(name, change(before))


@contextlib.contextmanager
def turn(store: Store, lock: str) -> Iterator[None]:
    """Of those who take the same lock. On a disk a lock, which dies with its holder; elsewhere an object that stands
    while the turn lasts, and is removed by whoever has seen it unchanged for half a minute.

    Raises Transient WRITERS_WAIT after two minutes.
    """
    if isinstance(store, LocalFolder):
        with _locked(store, lock):
            yield
        return
    token = json.dumps({"pid": os.getpid(), "token": secrets.token_hex(8)}).encode()
    _take(store, lock, token)
    try:
        yield
    finally:
        if _read(store, lock) == token:
            store.delete(lock)


@contextlib.contextmanager
def _locked(store: LocalFolder, lock: str) -> Iterator[None]:
    """The file stays: removing it would race."""
    path = store.root / lock
    try:
        make_folders(path.parent)
        file = path.open("wb")
    except OSError as error:
        raise refusal(error, store.uri, lock, "write") from error
    with file:
        until_s = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                _wait(store, lock, until_s)
            except OSError as error:
                raise refusal(error, store.uri, lock, "write") from error
        yield


def _take(store: Store, lock: str, token: bytes) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    seen, seen_s = None, time.monotonic()
    while not store.create(lock, token):
        found, now_s = _read(store, lock), time.monotonic()
        if found != seen:
            seen, seen_s = found, now_s
        elif found is not None and now_s - seen_s > _SILENT_S:
            store.delete(lock)
        _wait(store, lock, until_s)


def _wait(store: Store, lock: str, until_s: float) -> None:
    if time.monotonic() > until_s:
        raise Transient("WRITERS_WAIT", f"{lock} in {store.uri} is held by another process: see what runs, try again")
    time.sleep(_POLL_S)


def _read(store: Store, lock: str) -> bytes | None:
    try:
        return store.read(lock)
    except NotThere:
        return None
