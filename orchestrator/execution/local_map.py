"""I/O: the pass over shards as worker processes on this machine: a backend of the loop over shards."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from orchestrator.console.progress import Progress, lost_attempt
from orchestrator.execution.local_workers import LocalWorkers, WorkerEvent
from orchestrator.runs.actions import Fail
from orchestrator.runs.map.decision import Action, BackendPolicies, Failure, MapState, Start
from services.base.errors import BadConfig, Transient

_LOOK_EVERY_S = 0.5
# In an object store a look at the lease is a listing.
_CHECK_EVERY_S = 5.0


class LocalMap:
    """A backend of `drive`. Use from one thread. Workers are slots: each is given one shard after the other."""

    def __init__(
        self,
        num_shards: int,
        workers: LocalWorkers | None,
        progress: Progress,
        is_interrupted: Callable[[], bool],
        check: Callable[[], None],
        *,
        done: Collection[int],
        quarantined: Mapping[int, int],
        num_problems: int,
    ) -> None:
        """workers: None where nothing is to be started. check: raises when the output's lease is lost; asked now and
        then. done: shards with a commit; quarantined: shard -> clips of those. num_problems: files that planning has
        set aside.
        """
        self.policies: BackendPolicies[MapState] = BackendPolicies()
        self._num_shards = num_shards
        self._workers = workers
        self._progress = progress
        self._is_interrupted = is_interrupted
        self._check, self._checked_s = check, time.monotonic()
        self._done = set(done)
        self._quarantined_of = dict(quarantined)
        self._num_problems = num_problems
        self._failures: dict[int, Failure] = {}
        self._bad: set[int] = set()
        self._running: dict[int, int] = {}
        self._clips_of_attempt: dict[int, int] = {}
        self._stopped: Fail | None = None

    def observe(self, *, exact: bool) -> MapState:  # noqa: ARG002 - what is known here is from the workers themselves
        """What the workers have said so far."""
        return MapState(
            self._num_shards,
            done=frozenset(self._done),
            running=frozenset(self._running.values()),
            bad=frozenset(self._bad),
            failures=dict(self._failures),
            slots=self._workers.num_slots - len(self._running) if self._workers else 0,
            num_quarantined=self._num_problems + sum(self._quarantined_of.values()),
            stopped=self._stopped,
            interrupted="interrupted" if self._is_interrupted() else "",
            now_s=time.monotonic(),
        )

    def apply(self, action: Action) -> None:
        """Gives a shard to an idle worker; of all else it says so."""
        match action:
            case Start(shards, attempt):
                for shard in shards:
                    self._start(shard, attempt.number)
            case Fail(why) if self._workers is not None:
                self._progress.say(f"stopping the workers ({why}); shards that are done are kept")

    def away(self, error: Transient, for_s: float) -> None:  # noqa: ARG002 - the workers are here
        """Does not happen but where the lease cannot be renewed."""
        self._progress.say(f"{error.reason}: {error.message}; workers keep running")

    def wait(self, at_most_s: float | None) -> None:
        """Takes what workers say meanwhile."""
        if self._workers is None:
            return
        timeout_s = _LOOK_EVERY_S if at_most_s is None else min(_LOOK_EVERY_S, max(0.01, at_most_s))
        began_s = time.monotonic()
        for event in self._workers.wait(timeout_s):
            self._take(event)
        if began_s - self._checked_s > _CHECK_EVERY_S:
            self._checked_s = began_s
            self._check()
        self._progress.shards = (len(self._done), self._num_shards)
        self._progress.tick()

    def _start(self, shard: int, attempt: int) -> None:
        assert self._workers is not None
        slot = next(p for p in range(self._workers.num_slots) if p not in self._running)
        self._running[slot] = shard
        self._clips_of_attempt[shard] = 0
        self._quarantined_of[shard] = 0
        self._workers.submit(slot, shard, attempt)

    def _take(self, message: WorkerEvent) -> None:
        event, shard = message.event, self._running.get(message.slot)
        match event["event"]:
            case "clip":
                self._progress.clip(ok=event["ok"])
                self._clips_of_attempt[event["shard"]] += 1
                self._quarantined_of[event["shard"]] += not event["ok"]
            case "frames":
                self._progress.frames(*event["frames"])
            case "waiting":
                self._progress.say(f"shard {event['shard']} waits {event['wait_s']:g} s: {event['why']}")
            case "shard_done":
                self._done.add(event["shard"])
                self._running.pop(message.slot, None)
            case "shard_bad":
                self._bad.add(event["shard"])
                self._running.pop(message.slot, None)
                self._progress.say(f"shard {event['shard']} given up: {event['message']}")
            case "exit":
                self._running.pop(message.slot, None)
                if shard is not None:
                    self._lost(shard, event)

    def _lost(self, shard: int, event: Mapping[str, Any]) -> None:
        self._progress.undo(self._clips_of_attempt.get(shard, 0))
        self._quarantined_of[shard] = 0
        code = event["code"]
        detail = f"{event['reason']}: {event['message']}" if event["reason"] else event["detail"]
        if code == BadConfig.exit_code:
            self._stopped = Fail(detail, code)
            return
        before = self._failures.get(shard)
        num_attempts = (before.num_attempts if before else 0) + 1
        self._failures[shard] = Failure(code, num_attempts, time.monotonic(), detail)
        self._progress.say(lost_attempt(shard, num_attempts, code, detail))
