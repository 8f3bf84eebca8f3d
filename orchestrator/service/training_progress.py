"""I/O: how far a training is, from what its ranks commit: their log, their checkpoints, what they measured."""

from __future__ import annotations

import json
import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.service.record import RunRecord
from services.base.errors import BadConfig, VisemillError
from services.base.run import paths
from services.base.run.gang_log import GangLog, LogEntry
from services.base.run.passes import GangPlan
from services.base.store.interface import NotThere, Store
from services.base.store.open import open_store
from services.base.worker.pass_log import PassLog

_LOG = logging.getLogger(__name__)

Values = Mapping[str, float]
"""What was measured, by its name."""

_MOST_LOGS = 128
_PIECE_BYTES = 1 << 20
# A line has some 200 bytes: that of the last epoch is among the last of them unless an epoch has thousands of lines.
_TAIL_BYTES = 1 << 16


@dataclass(frozen=True)
class Measured:
    """A line of metrics.jsonl. number: from 1."""

    number: int
    values: Values


@dataclass(frozen=True)
class Seen:
    """What is committed of a training. values: measured last."""

    step: int
    generation: int
    finished: bool
    values: Values = field(default_factory=dict)


def training_of(record: RunRecord) -> GangPlan | None:
    """The pass that learns: the one whose result is the run's, else the last; None of a run that learns nothing."""
    gangs = pipeline_of(record.request.pipeline).gangs(record.request.options)
    return next((one for one in gangs if one.at_root), gangs[-1] if gangs else None)


class Trainings:
    """What the states of trainings hold. Threads may share it.

    Keeps the logs of those that were asked for last, of which only new entries are read.
    """

    def __init__(self) -> None:
        self._logs: OrderedDict[tuple[str, str], tuple[threading.Lock, PassLog]] = OrderedDict()
        self._lock = threading.Lock()

    def step(self, record: RunRecord) -> int:
        """That is committed; 0 before the first checkpoint, and of a run that learns nothing.

        Where it cannot be read, as the record has it.
        """
        plan = training_of(record)
        try:
            return self._log(record, plan.name).step if plan else 0
        except VisemillError as error:
            _LOG.warning("how far training %s is cannot be read: %s", record.id, error)
            return record.step

    def seen(self, record: RunRecord) -> Seen:
        """Raises BadConfig NO_TRAINING, BAD_PASS_LOG, and as the store does."""
        plan = _plan(record)
        log = self._log(record, plan.name)
        return Seen(log.step, log.generation, log.is_done, _latest(_state(record), _metrics_file(record, plan)))

    def checkpoints(self, record: RunRecord) -> list[tuple[LogEntry, str, Values]]:
        """(entry of the log, where the file lies, what was measured at the step) of those kept, the newest first.

        Raises as `seen`.
        """
        plan, state = _plan(record), _state(record)
        folder = paths.checkpoint_file(record.pinned.name, plan.name, "")
        there = {entry.name for entry in state.list(folder)}
        found = {}
        for entry in self._log(record, plan.name).checkpoints:
            name = folder + entry.file
            if name in there:
                found[entry.step] = (entry, f"{state.uri}/{name}")
        values: dict[int, dict[str, float]] = {}
        for measured in MetricLines(record).new():
            step = int(measured.values.get("step", 0))
            if step in found:
                values.setdefault(step, {}).update(measured.values)
        return [(*found[step], values.get(step, {})) for step in sorted(found, reverse=True)]

    def _log(self, record: RunRecord, pass_name: str) -> GangLog:
        key = (record.id, record.pinned.name)
        with self._lock:
            if key not in self._logs:
                self._logs[key] = threading.Lock(), PassLog(_state(record), record.pinned.name, pass_name)
            self._logs.move_to_end(key)
            while len(self._logs) > _MOST_LOGS:
                self._logs.popitem(last=False)
            lock, log = self._logs[key]
        with lock:
            return log.read()


class MetricLines:
    """Lines of what a training has measured, from one on, as they are committed. Use from one thread."""

    def __init__(self, record: RunRecord, since: int = 0) -> None:
        """since: number of the last one that is not wanted. Raises BadConfig NO_TRAINING."""
        self._state, self._name = _state(record), _metrics_file(record, _plan(record))
        self._since, self._number = since, 0
        self._offset, self._version = 0, ""

    def new(self) -> Iterator[Measured]:
        """In order. Raises as the store does."""
        entry = self._state.stat(self._name)
        if entry is None or entry.version == self._version:
            return
        if entry.size_bytes < self._offset:
            # It goes on from an older checkpoint, since the newest was damaged: what was told is not told again.
            self._offset, self._number = 0, 0
        rest = b""
        while self._offset + len(rest) < entry.size_bytes:
            piece = _read(self._state, self._name, self._offset + len(rest), _PIECE_BYTES)
            if not piece:
                break
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > _PIECE_BYTES:
                # No line of ours.
                break
            for line in lines:
                self._offset += len(line) + 1
                self._number += 1
                if self._number > self._since:
                    self._since = self._number
                    yield Measured(self._number, _values(line))
        self._version = entry.version


def _latest(state: Store, name: str) -> dict[str, float]:
    """Of the last line of a step, and over it the last of an epoch."""
    entry = state.stat(name)
    if entry is None:
        return {}
    # Less than a whole line may come first, and reads as none.
    tail = _read(state, name, max(0, entry.size_bytes - _TAIL_BYTES), _TAIL_BYTES)
    of_step: dict[str, float] = {}
    of_epoch: dict[str, float] = {}
    for line in tail.splitlines():
        values = _values(line)
        if "epoch" in values:
            of_epoch = values
        elif values:
            of_step = values
    newest = max(of_step.get("step", 0), of_epoch.get("step", 0))
    return of_step | of_epoch | ({"step": newest} if newest else {})


def _read(state: Store, name: str, offset_bytes: int, num_bytes: int) -> bytes:
    try:
        return state.read(name, offset_bytes, num_bytes)
    except NotThere:
        return b""


def _values(line: bytes) -> dict[str, float]:
    """Its finite numbers; none of what is no JSON object."""
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    if not isinstance(fields, dict):
        return {}
    numbers = {name: value for name, value in fields.items() if isinstance(value, int | float)}
    return {name: float(value) for name, value in numbers.items() if math.isfinite(value)}


def _plan(record: RunRecord) -> GangPlan:
    plan = training_of(record)
    if plan is None:
        raise BadConfig(
            "NO_TRAINING",
            f"run {record.id} is of the pipeline {record.request.pipeline}, which learns nothing: ask RunService",
        )
    return plan


def _state(record: RunRecord) -> Store:
    return open_store(record.pinned.state_root)


def _metrics_file(record: RunRecord, plan: GangPlan) -> str:
    return paths.pass_metrics_file(record.pinned.name, plan.name)
