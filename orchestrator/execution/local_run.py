"""I/O: a run from its plan to its summary: pin, lease, observe, decide, act, publish."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.console.progress import Progress, lost_attempt
from orchestrator.execution.decision import Failure, Finish, Observed, Start, Stop, Wait, decide
from orchestrator.execution.local_gang import LocalGang
from orchestrator.execution.local_workers import LocalCluster, WorkerEvent
from orchestrator.pipelines.base import Pipeline
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.commits.commits import Commits
from orchestrator.runs.commits.summary import Summary, num_problems, summarize
from orchestrator.runs.gang.passes import carry_gangs
from orchestrator.runs.gang.results import gangs_are_whole
from orchestrator.runs.options import RunOptions, log_dir, work_flags
from orchestrator.runs.publish import ABANDONED_AFTER_S, publish, take_inventory
from orchestrator.runs.worker_argv import rank_argv, work_argv
from services.base.errors import EXIT_INTERRUPTED, EXIT_OK, BadConfig
from services.base.run.passes import GangPass
from services.base.run.spec import RunSpec, ShardCommit
from services.base.store.interface import Store

_LOOK_EVERY_S = 0.5
# In an object store a look at the lease is a listing.
_CHECK_EVERY_S = 5.0


class RunLoop:
    """One run on this machine. Use once."""

    def __init__(self, pipeline: Pipeline, order: RunSpec, state: Store, outputs: Store, options: RunOptions) -> None:
        self._pipeline = pipeline
        self._order = order
        self._state = state
        self._outputs = outputs
        self._options = options
        self._commits = Commits(order, state)
        self._failures: dict[int, Failure] = {}
        self._bad: set[int] = set()
        self._done: set[int] = set()
        self._running: dict[int, int] = {}
        self._clips_of_attempt: dict[int, int] = {}
        self._quarantined_of: dict[int, int] = {}
        self._num_problems = 0
        self._config_error = ""
        self._interrupted = False

    def run(self) -> Summary:
        """Carries the run to its end, or as far as it goes. Raises BadConfig; OUTPUT_IN_USE when another run has the
        output.
        """
        began_s = time.monotonic()
        with Lease(self._outputs.uri, self._order.run) as lease:
            inventory = take_inventory(self._pipeline, self._commits, self._outputs)
            if inventory.published:
                held = self._commits.read(inventory.done)
                if not gangs_are_whole(self._order, self._state, self._outputs):
                    return self._after_publishing(held, began_s, lease.check)
                left = "".join(f"; {name} was changed since and is left as it is" for name in inventory.edited)
                return self._summary(held, EXIT_OK, f"finished before{left}", began_s, nothing_to_do=True)
            self._outputs.clean_abandoned(ABANDONED_AFTER_S)
            stop = self._work(inventory.done, lease.check)
            observed = self._commits.look()
            if stop is not None:
                code = EXIT_INTERRUPTED if self._interrupted else stop.exit_code
                return self._summary(self._commits.read(observed.done), code, stop.why, began_s)
            lease.check()
            done = publish(self._pipeline, self._commits, observed, self._outputs)
            return self._after_publishing(done, began_s, lease.check)

    def _after_publishing(self, done: Sequence[ShardCommit], began_s: float, check: Callable[[], None]) -> Summary:
        """The gang passes, if the run has any."""
        if not self._order.gangs:
            return self._summary(done, EXIT_OK, "finished", began_s)
        checked_s = time.monotonic()

        def is_interrupted() -> bool:
            nonlocal checked_s
            if time.monotonic() - checked_s > _CHECK_EVERY_S:
                checked_s = time.monotonic()
                check()
            return self._interrupted

        progress = Progress(0, 0, quiet=self._options.quiet, as_json=self._options.progress_as_json)
        logs, run = log_dir(self._order, self._state), self._order.run

        def open_backend(gang: GangPass) -> LocalGang:
            return LocalGang(gang, run, self._state, rank_argv(gang, run, self._state.uri), logs, is_interrupted)

        with self._interruptible():
            failed = carry_gangs(
                *(self._order, self._state, self._outputs, open_backend),
                # The run holds the lease already.
                contextlib.nullcontext,
                self._options.policy.max_attempts,
                progress.say,
            )
        if failed is None:
            return self._summary(done, EXIT_OK, "finished", began_s)
        return self._summary(done, EXIT_INTERRUPTED if self._interrupted else failed.exit_code, failed.why, began_s)

    def _work(self, done: Collection[int], check: Callable[[], None]) -> Stop | None:
        """Until every shard is done (None), or the reason to stop."""
        self._done = set(done)
        num_clips_done = 0
        for commit in self._commits.read(done):
            self._quarantined_of[commit.shard] = commit.num_quarantined
            num_clips_done += commit.num_clips
        self._num_problems = num_problems(self._order, self._state)
        quiet, as_json = self._options.quiet, self._options.progress_as_json
        progress = Progress(self._order.num_clips, num_clips_done, quiet=quiet, as_json=as_json)
        progress.shards = (len(self._done), self._order.num_shards)
        if len(self._done) == self._order.num_shards:
            # Nothing is left to start, but the limit on failures may say that nothing is to be published either.
            (answer,) = decide(self._order.num_shards, self._observed(0), self._options.policy, time.monotonic())
            return answer if isinstance(answer, Stop) else None
        cluster = LocalCluster(self._argv(), self._options.num_workers, log_dir(self._order, self._state))
        with self._interruptible():
            try:
                ending = self._drive(cluster, progress, check)
                if ending is None:
                    cluster.drain()
                return ending
            finally:
                progress.close()
                cluster.stop()

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """SIGINT and SIGTERM are noted, and read between looks."""
        before = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _drive(self, cluster: LocalCluster, progress: Progress, check: Callable[[], None]) -> Stop | None:
        progress.say(
            f"{cluster.num_places} workers, {self._order.num_shards - len(self._done)} shards to do; loading models"
        )
        checked_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            actions = decide(self._order.num_shards, self._observed(cluster.num_places), self._options.policy, now_s)
            timeout_s = _LOOK_EVERY_S
            for action in actions:
                match action:
                    case Start(shard, attempt):
                        self._start(cluster, shard, attempt)
                    case Stop():
                        progress.say(f"stopping the workers ({action.why}); shards that are done are kept")
                        return action
                    case Finish():
                        return None
                    case Wait(until_s) if until_s is not None:
                        timeout_s = min(_LOOK_EVERY_S, max(0.01, until_s - now_s))
            for event in cluster.wait(timeout_s):
                self._take(event, progress)
            if now_s - checked_s > _CHECK_EVERY_S:
                checked_s = now_s
                check()
            progress.shards = (len(self._done), self._order.num_shards)
            progress.tick()

    def _observed(self, num_places: int) -> Observed:
        return Observed(
            done=frozenset(self._done),
            running=frozenset(self._running.values()),
            bad=frozenset(self._bad),
            failures=self._failures,
            num_quarantined=self._num_problems + sum(self._quarantined_of.values()),
            idle=num_places - len(self._running),
            config_error=self._config_error,
            interrupted=self._interrupted,
        )

    def _start(self, cluster: LocalCluster, shard: int, attempt: int) -> None:
        place = next(p for p in range(cluster.num_places) if p not in self._running)
        self._running[place] = shard
        self._clips_of_attempt[shard] = 0
        self._quarantined_of[shard] = 0
        cluster.submit(place, shard, attempt)

    def _take(self, message: WorkerEvent, progress: Progress) -> None:
        event, shard = message.event, self._running.get(message.place)
        match event["event"]:
            case "clip":
                progress.clip(ok=event["ok"])
                self._clips_of_attempt[event["shard"]] += 1
                self._quarantined_of[event["shard"]] += not event["ok"]
            case "waiting":
                progress.say(f"shard {event['shard']} waits {event['wait_s']:g} s: {event['why']}")
            case "shard_done":
                self._done.add(event["shard"])
                self._running.pop(message.place, None)
            case "shard_bad":
                self._bad.add(event["shard"])
                self._running.pop(message.place, None)
                progress.say(f"shard {event['shard']} given up: {event['message']}")
            case "exit":
                self._running.pop(message.place, None)
                if shard is not None:
                    self._lost(shard, event, progress)

    def _lost(self, shard: int, event: Mapping[str, Any], progress: Progress) -> None:
        progress.undo(self._clips_of_attempt.get(shard, 0))
        self._quarantined_of[shard] = 0
        code = event["code"]
        words = f"{event['reason']}: {event['message']}" if event["reason"] else event["detail"]
        if code == BadConfig.exit_code:
            self._config_error = words
            return
        before = self._failures.get(shard)
        num_attempts = (before.num_attempts if before else 0) + 1
        self._failures[shard] = Failure(code, num_attempts, time.monotonic(), words)
        progress.say(lost_attempt(shard, num_attempts, code, words))

    def _interrupt(self, *_: object) -> None:
        self._interrupted = True

    def _argv(self) -> list[str]:
        stages = [stage.name for stage in self._order.stages]
        return work_argv(stages, work_flags(self._order, self._state, self._options))

    def _summary(
        self, done: Sequence[ShardCommit], code: int, why: str, began_s: float, *, nothing_to_do: bool = False
    ) -> Summary:
        wall_s = time.monotonic() - began_s
        return summarize(self._commits, done, code, why, wall_s, nothing_to_do=nothing_to_do)
