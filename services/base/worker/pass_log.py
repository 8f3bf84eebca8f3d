"""I/O: the log of a gang pass in the store, and the checkpoints that it names: a late process commits nothing."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Collection

from services.base.errors import BadConfig, Transient
from services.base.run import paths
from services.base.run.gang_log import GangLog, LogEntry, log_entry_from_json
from services.base.store.interface import NotThere, Store, Upload

LOG = logging.getLogger(__name__)


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

    def reopen(self) -> None:
        """Takes back the commit of a result that is lost, so that the next generation makes it again from the last
        checkpoint. To be called under the output's lease.
        """
        if self.read().is_done:
            self._state.delete(self._name(len(self._entries)))
            self._entries.pop()

    def checkpoint_file(self, entry: LogEntry) -> str:
        return paths.checkpoint_file(self._run, self._pass, entry.file)

    def _name(self, number: int) -> str:
        return paths.pass_log_file(self._run, self._pass, number)


class GangWriter:
    """What rank 0 of one generation commits. Opening it begins the generation, and shuts out all older ones."""

    def __init__(
        self, state: Store, outputs: Store, run: str, pass_name: str, generation: int, num_ranks: int = 0
    ) -> None:
        """num_ranks: that are in it. Raises Transient GENERATION_SUPERSEDED when this or a newer generation has begun
        already.
        """
        self._state, self._outputs = state, outputs
        self._run, self._pass = run, pass_name
        self._log = PassLog(state, run, pass_name)
        self._begin = LogEntry("begin", generation, secrets.token_hex(8), num_ranks=num_ranks)
        self._uploads: dict[str, Upload] = {}
        self._forgotten: set[str] = set()
        self._log.append(self._begin)

    def checkpoint(self, step: int, data: bytes) -> None:
        """Commits a checkpoint. Raises Transient GENERATION_SUPERSEDED."""
        begin = self._begin
        file = f"{step:09d}-{begin.attempt}"
        sha256 = hashlib.sha256(data).hexdigest()
        entry = LogEntry("checkpoint", begin.generation, begin.token, step, file, sha256, len(data))
        # Invisible until the log names it.
        self._state.create(self._log.checkpoint_file(entry), data)
        self._log.append(entry)

    def measured(self, lines: bytes) -> None:
        """What was measured up to the checkpoint that was committed last, for whoever watches. Raises Transient."""
        self._state.put(paths.pass_metrics_file(self._run, self._pass), lines)

    def keep_checkpoints(self, steps: Collection[int]) -> None:
        """Deletes the files of all other checkpoints; the log goes on naming them. Raises Transient."""
        for entry in self._log.read().checkpoints:
            if entry.step not in steps and entry.file not in self._forgotten:
                self._state.delete(self._log.checkpoint_file(entry))
                self._forgotten.add(entry.file)

    def output(self, name: str) -> Upload:
        """A file of the result, which nobody sees before the result is published.

        Write it, commit it, and then `finish`. name: below the place of the pass's results. Raises BadInput
        BAD_NAME.
        """
        upload = self._outputs.upload(self._staged(name))
        self._uploads[name] = upload
        return upload

    def finish(self, step: int) -> None:
        """Commits the outputs as the result, after which nobody commits anything.

        Raises Transient GENERATION_SUPERSEDED, and ValueError for an output that was not committed.
        """
        outputs: dict[str, dict[str, object]] = {}
        for name, upload in self._uploads.items():
            entry = self._outputs.stat(self._staged(name))
            if entry is None or entry.size_bytes != upload.size_bytes:
                raise ValueError(f"output {name} is not complete: write and commit it, then finish")
            outputs[name] = {"sha256": upload.sha256, "size_bytes": upload.size_bytes}
        begin = self._begin
        self._log.append(LogEntry("done", begin.generation, begin.token, step, outputs=outputs))

    def _staged(self, name: str) -> str:
        return paths.staged_result(self._run, self._pass, self._begin.attempt, name)


def restored(state: Store, log: PassLog, seen: GangLog) -> tuple[int, bytes] | None:
    """(step, data) of the newest checkpoint that a log names and whose bytes are whole, None before the first.

    Raises BadConfig BAD_CHECKPOINT where none is whole.
    """
    damaged = []
    for entry in reversed(seen.checkpoints):
        data = _whole(state, log, entry)
        if data is not None:
            return entry.step, data
        LOG.warning("checkpoint %s is missing or is not what its sha256 says: goes on from the one before", entry.file)
        damaged.append(entry.file)
    if damaged:
        raise BadConfig(
            "BAD_CHECKPOINT",
            f"{damaged[0]} is not what its sha256 in the log says, and no older one is whole: restore it, or begin a "
            "new run",
        )
    return None


def read_checkpoint(state: Store, log: PassLog, step: int) -> bytes | None:
    """Of the checkpoint last committed at that step; None where there is none, or it is not whole."""
    for entry in reversed(log.read().checkpoints):
        if entry.step == step:
            return _whole(state, log, entry)
    return None


def _whole(state: Store, log: PassLog, entry: LogEntry) -> bytes | None:
    try:
        data = state.read(log.checkpoint_file(entry))
    except NotThere:
        return None
    return data if hashlib.sha256(data).hexdigest() == entry.sha256 else None
