"""I/O: the log of a gang pass in the store, and the checkpoints that it names: a late process commits nothing."""

from __future__ import annotations

import hashlib
import secrets

from services.base.errors import BadConfig, Transient
from services.base.run import paths
from services.base.run.gang_log import EntryKind, GangLog, LogEntry, log_entry_from_json
from services.base.store.interface import NotThere, Store


class PassLog:
    """Reads the log of one pass; see `GangWriter` for who appends. Use from one thread."""

    def __init__(self, state: Store, run: str, pass_name: str) -> None:
        self._state = state
        self._run, self._pass = run, pass_name
        self._entries: list[LogEntry] = []

    def read(self) -> GangLog:
        """As it is now. Entries never change, so that only new ones are read. Raises BadConfig, Transient."""
        while True:
            try:
                data = self._state.read(self._name(len(self._entries) + 1))
            except NotThere:
                return GangLog(tuple(self._entries))
            self._entries.append(log_entry_from_json(data))

    def append(self, entry: LogEntry) -> None:
        """Raises Transient GENERATION_SUPERSEDED when a newer generation has begun, or the pass is finished."""
        while True:
            log = self.read()
            # A create may have been carried out though its answer was lost.
            if log.entries and log.entries[-1] == entry:
                return
            refusal = log.refusal(entry)
            if refusal:
                raise Transient(
                    "GENERATION_SUPERSEDED",
                    f"generation {entry.generation} of pass {self._pass} may not commit: {refusal}; it ends here",
                )
            self._state.create(self._name(len(log.entries) + 1), entry.to_json())

    def checkpoint_file(self, entry: LogEntry) -> str:
        return paths.checkpoint_file(self._run, self._pass, entry.file)

    def _name(self, number: int) -> str:
        return paths.pass_log_file(self._run, self._pass, number)


class GangWriter:
    """What rank 0 of one generation commits. Opening it begins the generation, and shuts out all older ones."""

    def __init__(self, state: Store, run: str, pass_name: str, generation: int) -> None:
        """Raises Transient GENERATION_SUPERSEDED when this or a newer generation has begun already."""
        self._state = state
        self._log = PassLog(state, run, pass_name)
        self._generation = generation
        self._token = secrets.token_hex(8)
        self._log.append(LogEntry("begin", generation, self._token))

    def restore(self) -> tuple[int, bytes] | None:
        """(step, data) of the last checkpoint, None before the first. Raises BadConfig BAD_CHECKPOINT."""
        entry = self._log.read().checkpoint
        if entry is None:
            return None
        data = self._state.read(self._log.checkpoint_file(entry))
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise BadConfig(
                "BAD_CHECKPOINT", f"{entry.file} is not what its sha256 in the log says: restore it, or begin a new run"
            )
        return entry.step, data

    def checkpoint(self, step: int, data: bytes) -> None:
        """Commits a checkpoint. Raises Transient GENERATION_SUPERSEDED."""
        self._commit("checkpoint", step, data)

    def finish(self, step: int, data: bytes) -> None:
        """Commits the result, after which nobody commits anything. Raises Transient GENERATION_SUPERSEDED."""
        self._commit("done", step, data)

    def _commit(self, kind: EntryKind, step: int, data: bytes) -> None:
        file = f"{step:09d}-{self._generation:05d}-{self._token}{'-done' if kind == 'done' else ''}"
        entry = LogEntry(kind, self._generation, self._token, step, file, hashlib.sha256(data).hexdigest(), len(data))
        # Invisible until the log names it.
        self._state.create(self._log.checkpoint_file(entry), data)
        self._log.append(entry)
