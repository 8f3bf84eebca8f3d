"""PURE: a submitted run as its server knows it, and what becomes of it when the process that carries it has ended."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestrator.access.request import Limits, RunRequest
from services.base.digest import canonical_json
from services.base.errors import (
    EXIT_BAD_CONFIG,
    EXIT_BAD_SHARD,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_QUARANTINED,
    EXIT_TRANSIENT,
    BadConfig,
)
from services.base.process.retry import Backoff

# Tries in a row that finish no shard and commit no checkpoint: of a failure that passes by itself, and of any other.
_MOST_WAITS = 20
_MOST_CRASHES = 4
_BACKOFF = Backoff(first_s=2.0, most_s=60.0)
# The signal may come before anything is there to handle it.
_INTERRUPTED = (EXIT_INTERRUPTED, -signal.SIGTERM)
# Another process carries the same run: when it ends, or dies, this one takes over.
_HELD = ("OUTPUT_IN_USE", "LEASE_LOST")


class Phase(StrEnum):
    """As in runs.proto."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (Phase.FINISHED, Phase.FAILED, Phase.CANCELLED)


@dataclass(frozen=True)
class Pinned:
    """What the plan of a run says. stages: in order."""

    name: str
    digest: str
    state_root: str
    num_shards: int
    num_clips: int
    stages: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunRecord:
    """A submitted run. version: grows with every change, over restarts too. num_tries: in a row, without a new shard
    or checkpoint. owner: subject of the certificate that it was submitted with; empty without one. is_retry: its
    quarantined clips are tried again, or were the last time. retry_begun: they have been set aside, and what is left is
    executed. first_name: what it was called before files were taken in. step: of a training, what its ranks had
    committed when a try ended.
    """

    request: RunRequest
    pinned: Pinned
    submitted_at_s: float
    version: int
    phase: Phase = Phase.QUEUED
    began_at_s: float = 0.0
    ended_at_s: float = 0.0
    exit_code: int = 0
    why: str = ""
    error: Mapping[str, str] | None = None
    summary: Mapping[str, Any] | None = None
    shards_done: int = 0
    clips_done: int = 0
    quarantined: int = 0
    num_tries: int = 0
    shards_at_try: int = 0
    owner: str = ""
    is_retry: bool = False
    retry_begun: bool = False
    first_name: str = ""
    step: int = 0
    step_at_try: int = 0

    @property
    def id(self) -> str:
        """An output holds one run, and a run of one name may lie in several outputs."""
        place = hashlib.sha256(self.request.roots.output_root.encode()).hexdigest()[:8]
        return f"{self.first_name or self.pinned.name}-{place}"

    def changed(self, now_s: float, **values: Any) -> RunRecord:
        """With these values, and the next version: the time in ms, or one more."""
        version = max(self.version + 1, int(now_s * 1000))
        return dataclasses.replace(self, version=version, **values)

    def queued(self, now_s: float) -> RunRecord:
        """To be continued, whatever it came to before."""
        ended = {"ended_at_s": 0.0, "exit_code": 0, "why": "", "error": None, "num_tries": 0}
        return self.changed(now_s, phase=Phase.QUEUED, is_retry=False, **ended)

    def retried(self, limits: Limits | None, now_s: float) -> RunRecord:
        """To be continued with its quarantined and left-out clips tried again. limits: None as before."""
        request = self.request if limits is None else dataclasses.replace(self.request, limits=limits)
        counts: dict[str, Any] = {"quarantined": 0, "shards_done": 0, "clips_done": 0, "summary": None}
        return dataclasses.replace(self.queued(now_s), request=request, is_retry=True, retry_begun=False, **counts)

    @property
    def verb(self) -> str:
        """The command that carries it next."""
        return "retry" if self.is_retry and not self.retry_begun else "resume"

    def repinned(self, name: str, digest: str, now_s: float) -> RunRecord:
        """After a retry has taken in files: the output is of another plan, and the run keeps its id."""
        pinned = dataclasses.replace(self.pinned, name=name, digest=digest)
        return self.changed(now_s, pinned=pinned, first_name=self.first_name or self.pinned.name)

    def begun(self, now_s: float) -> RunRecord:
        return self.changed(
            now_s,
            phase=Phase.RUNNING,
            began_at_s=self.began_at_s or now_s,
            shards_at_try=self.shards_done,
            step_at_try=self.step,
            why="",
            error=None,
        )

    def cancelled(self, now_s: float) -> RunRecord:
        end = {"ended_at_s": now_s, "exit_code": EXIT_INTERRUPTED}
        return self.changed(now_s, phase=Phase.CANCELLED, why="cancelled", **end)

    def updated(self, event: Mapping[str, Any], now_s: float) -> RunRecord:
        """After a line of progress (orchestrator/console/progress.py) of the process that carries it."""
        (shards_done, num_shards), (clips_done, num_clips) = event["shards"], event["clips"]
        pinned = self.pinned
        if self.is_retry and num_shards and num_clips:
            pinned = dataclasses.replace(pinned, num_shards=int(num_shards), num_clips=int(num_clips))
        return self.changed(
            now_s,
            pinned=pinned,
            retry_begun=self.is_retry,
            shards_done=int(shards_done),
            clips_done=int(clips_done),
            quarantined=max(self.quarantined, int(event["quarantined"])),
        )

    def to_json(self) -> bytes:
        return canonical_json(dataclasses.asdict(self) | {"request": self.request.to_mapping()}).encode()


@dataclass(frozen=True)
class Message:
    """Something said about a run, at its version."""

    version: int
    at_s: float
    text: str


def record_from_json(data: bytes) -> RunRecord:
    """The inverse of `RunRecord.to_json`. Raises ValueError, KeyError or TypeError for anything else."""
    values = json.loads(data)
    pinned = values.pop("pinned")
    try:
        request = RunRequest.from_mapping(values["request"])
    except BadConfig as error:
        raise ValueError(str(error)) from error
    return RunRecord(
        **{
            **values,
            "request": request,
            "pinned": Pinned(**{**pinned, "stages": tuple(pinned["stages"]), "notes": tuple(pinned["notes"])}),
            "phase": Phase(values["phase"]),
        }
    )


@dataclass(frozen=True)
class Exit:
    """How the process that executed a run has ended. answer: what it printed as JSON. detail: its last lines."""

    code: int
    answer: Mapping[str, Any]
    detail: str = ""


def after(record: RunRecord, ended: Exit, now_s: float) -> tuple[RunRecord, float]:
    """(the record, seconds until it is continued; 0 when it has ended or is to be continued at once)."""
    error: Mapping[str, str] | None = ended.answer.get("error")
    why = _why(ended, error)
    if error is None and ended.answer.get("finished") is not None:
        record = _summed_up(record, ended.answer)
    if record.verb == "retry" and "left_out" in ended.answer and record.phase is not Phase.CANCELLING:
        # Nothing is to be tried again: whether the run is finished, and how, is resume's to say.
        return record.changed(now_s, phase=Phase.QUEUED, retry_begun=True), 0.0
    if ended.code in (EXIT_OK, EXIT_QUARANTINED) and "left_out" not in ended.answer:
        pinned = record.pinned
        done = {
            "phase": Phase.FINISHED,
            "shards_done": pinned.num_shards,
            "clips_done": pinned.num_clips,
            "num_tries": 0,
        }
        return record.changed(now_s, exit_code=ended.code, why=why, error=None, ended_at_s=now_s, **done), 0.0
    if record.phase is Phase.CANCELLING:
        return record.changed(now_s, why="cancelled"), 0.0
    if ended.code in _INTERRUPTED:
        return record.changed(now_s, phase=Phase.QUEUED), 0.0
    progressed = record.shards_done > record.shards_at_try or record.step > record.step_at_try
    num_tries = 1 if progressed else record.num_tries + 1
    failed = record.changed(now_s, why=why, error=error, exit_code=ended.code, num_tries=num_tries)
    held = error is not None and error["reason"] in _HELD
    passing = held or ended.code == EXIT_TRANSIENT
    final = ended.code in (EXIT_BAD_CONFIG, EXIT_BAD_SHARD) and not held
    most = _MOST_WAITS if passing else _MOST_CRASHES
    if final or (num_tries >= most and not held):
        return dataclasses.replace(failed, phase=Phase.FAILED, ended_at_s=now_s), 0.0
    return dataclasses.replace(failed, phase=Phase.WAITING), _BACKOFF.pause_s(num_tries)


def _summed_up(record: RunRecord, answer: Mapping[str, Any]) -> RunRecord:
    shards, quarantined = answer["shards"]["done"], answer["quarantined"]
    return dataclasses.replace(record, summary=dict(answer), shards_done=shards, quarantined=quarantined)


def _why(ended: Exit, error: Mapping[str, str] | None) -> str:
    if error is not None:
        return f"{error['reason']}: {error['message']}"
    return str(ended.answer.get("why", "")) or f"its process ended with {ended.code}: {ended.detail}"
