"""One run per output root: a second is refused, one whose process died makes way.

On a disk the lease is a lock that the kernel drops with its holder. In an object store it is a numbered object, made
create-only and renewed by a thread: the highest number holds. Numbers only grow and the highest object is never
deleted, so whoever takes over from a dead holder wins one number, and a holder thought dead sees a higher than its own.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from orchestrator.runs.claim.lease_owner import Owner, owner_in
from services.base.errors import BadConfig, VisemillError
from services.base.run.paths import STATE_DIR
from services.base.store.interface import NotThere, Store
from services.base.store.local.folder import LocalFolder
from services.base.store.local.upload import make_folders
from services.base.store.open import open_store
from services.base.store.os_errors import refusal

_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
_log = logging.getLogger("visemill.lease")


@dataclass(frozen=True)
class Pace:
    """How often a lease in an object store is renewed, and after what silence its holder counts as dead.

    watch_s: how long a silent lease is watched at least, so that clocks which disagree make no living holder dead.
    """

    renew_s: float = 10.0
    stale_s: float = 60.0
    watch_s: float = 15.0

    def __post_init__(self) -> None:
        if not 0 < self.renew_s <= self.watch_s:
            raise ValueError(f"a watch of {self.watch_s} s must see a renewal, which comes every {self.renew_s} s")


class _Held(Protocol):
    def take(self) -> None: ...
    def check(self) -> None: ...
    def release(self) -> None: ...


class Lease:
    """`with Lease(output_root, run) as lease:` raises BadConfig OUTPUT_IN_USE while another process holds the root."""

    def __init__(self, output_root: str, run: str, pace: Pace | None = None) -> None:
        self._store = open_store(output_root)
        self._owner = Owner.this_process(run)
        self._pace = pace or Pace()
        self._held: _Held | None = None

    def __enter__(self) -> Self:
        held: _Held = ObjectLease(self._store, self._owner, self._pace)
        if isinstance(self._store, LocalFolder):
            held = FolderLease(self._store.root, self._owner)
        try:
            held.take()
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise refusal(error, self._store.uri, f"{STATE_DIR}/lease", "write") from error
            held = ObjectLease(self._store, self._owner, self._pace)
            held.take()
        self._held = held
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held:
            self._held.release()
            self._held = None

    def check(self) -> None:
        """Call before a commit. Raises BadConfig LEASE_LOST if another run has taken over."""
        if not self._held:
            raise _lost(self._store.uri)
        self._held.check()


class FolderLease:
    """A lock on `<root>/.visemill/lease`; its content is for messages. The file stays: removing it would race."""

    def __init__(self, root: Path, owner: Owner) -> None:
        self._path, self._owner = root / STATE_DIR / "lease", owner
        self._descriptor = -1

    def take(self) -> None:
        """Raises BadConfig OUTPUT_IN_USE, OSError."""
        make_folders(self._path.parent)
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                text = os.read(descriptor, 1 << 16)
                os.close(descriptor)
                raise _in_use(str(self._path.parent.parent), owner_in(text)) from error
            except OSError:
                os.close(descriptor)
                raise
            if self._is_at_path(descriptor):
                break
            os.close(descriptor)
        self._descriptor = descriptor
        try:
            os.truncate(descriptor, 0)
            os.write(descriptor, json.dumps(asdict(self._owner)).encode())
        except OSError:
            os.close(descriptor)
            raise

    def check(self) -> None:
        """Raises BadConfig LEASE_LOST: somebody removed the file, so another run may hold a new one."""
        if not self._is_at_path(self._descriptor):
            raise _lost(str(self._path.parent.parent))

    def release(self) -> None:
        os.truncate(self._descriptor, 0)
        os.close(self._descriptor)

    def _is_at_path(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False


class ObjectLease:
    """`<root>/.visemill/lease-00000007`, renewed by a thread until `release`."""

    def __init__(self, store: Store, owner: Owner, pace: Pace) -> None:
        self._store, self._owner, self._pace = store, owner, pace
        self._number = 0
        self._renewals = 0
        self._stop = threading.Event()
        self._writing = threading.Lock()

    def take(self) -> None:
        """Raises BadConfig OUTPUT_IN_USE, Transient. Waits up to stale_s to see if a holder elsewhere still lives."""
        while True:
            newest = self._newest()
            if newest and not self._is_free(newest):
                continue
            self._number = newest + 1
            if self._store.create(_name(self._number), self._note(released=False)) and self._newest() == self._number:
                break
        for number in self._numbers():
            if number < self._number:
                self._store.delete(_name(number))
        threading.Thread(target=self._renew, name="lease", daemon=True).start()

    def check(self) -> None:
        """Raises BadConfig LEASE_LOST, Transient."""
        if self._newest() != self._number:
            raise _lost(self._store.uri)

    def release(self) -> None:
        self._stop.set()
        with self._writing:
            try:
                if self._newest() == self._number:
                    self._store.put(_name(self._number), self._note(released=True))
            except VisemillError as error:
                _log.warning("the lease on %s could not be given back and lapses by itself: %s", self._store.uri, error)

    def _renew(self) -> None:
        while not self._stop.wait(self._pace.renew_s):
            try:
                with self._writing:
                    if self._stop.is_set() or self._newest() != self._number:
                        return
                    self._renewals += 1
                    self._store.put(_name(self._number), self._note(released=False))
            except VisemillError as error:
                _log.warning("the lease on %s could not be renewed: %s", self._store.uri, error)

    def _is_free(self, number: int) -> bool:
        """Whether the lease of that number has ended. Raises BadConfig OUTPUT_IN_USE if it has not."""
        note = self._read(number)
        if note is None:
            return False
        owner = owner_in(json.dumps(note).encode())
        lives = owner.lives() if owner else None
        if note.get("released") or lives is False:
            return True
        if lives or self._changes(number, note):
            raise _in_use(self._store.uri, owner)
        return True

    def _changes(self, number: int, note: dict[str, Any]) -> bool:
        """Watches a holder that cannot be seen: whether it renews before its silence has lasted stale_s."""
        silent_s = time.time() - float(note.get("renewed_at", 0.0))
        watch_s = max(self._pace.watch_s, min(self._pace.stale_s, self._pace.stale_s - silent_s))
        who = owner_in(json.dumps(note).encode())
        _log.warning("%s is held by %s; waiting up to %.0f s to see if it lives", self._store.uri, who, watch_s)
        until_s = time.monotonic() + watch_s
        while time.monotonic() < until_s:
            time.sleep(min(self._pace.renew_s / 5, max(0.0, until_s - time.monotonic())))
            if self._read(number) != note:
                return True
        return False

    def _note(self, *, released: bool) -> bytes:
        note = asdict(self._owner) | {"renewed_at": time.time(), "renewals": self._renewals, "released": released}
        return json.dumps(note).encode()

    def _read(self, number: int) -> dict[str, Any] | None:
        """The note of that number; None when a newer holder has just removed it."""
        try:
            note = json.loads(self._store.read(_name(number)))
        except NotThere:
            return None
        except ValueError:
            note = {}
        return note if isinstance(note, dict) else {}

    def _numbers(self) -> list[int]:
        texts = [entry.name.removeprefix(f"{STATE_DIR}/lease-") for entry in self._store.list(f"{STATE_DIR}/lease-")]
        return [int(text) for text in texts if text.isdecimal()]

    def _newest(self) -> int:
        return max(self._numbers(), default=0)


def _name(number: int) -> str:
    return f"{STATE_DIR}/lease-{number:08d}"


def _in_use(root: str, owner: Owner | None) -> BadConfig:
    who = owner or "a process that left no name"
    return BadConfig(
        "OUTPUT_IN_USE", f"{root} is being written by {who}; wait for it, stop it, or write to another place"
    )


def _lost(root: str) -> BadConfig:
    return BadConfig(
        "LEASE_LOST", f"this run no longer holds {root}: another may have taken over; see what runs, resume"
    )
