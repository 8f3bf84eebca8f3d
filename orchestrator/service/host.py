"""I/O: submitted runs, each executed by a process of its own, so many at a time, found again after a restart."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from orchestrator.access.allowed import Allowed, remote_argv
from orchestrator.access.request import Limits, RunRequest
from orchestrator.runs.claim.claim import Claim, claim_of
from orchestrator.service.cli_subprocess import CliSubprocess, Event, error_of, pinned_of
from orchestrator.service.config import HostConfig
from orchestrator.service.metrics import RunMetrics
from orchestrator.service.owners import ANONYMOUS
from orchestrator.service.planning import Plannings
from orchestrator.service.record import Message, Phase, Pinned, RunRecord, after
from orchestrator.service.registry import Registry
from orchestrator.service.retention import to_forget
from orchestrator.service.training_progress import Trainings
from services.base.errors import BadConfig, Transient, VisemillError
from services.base.process import log
from services.base.store.open import open_store

_LOG = logging.getLogger(__name__)
_MOST_MESSAGES = 200
_HEARTBEAT_S = 5.0
_SAVE_AGAIN_S = 5.0
_PRUNE_EVERY_S = 600.0


class RunHost:
    """The runs of one server. Threads may share it."""

    def __init__(
        self, registry: Registry, allowed: Allowed, config: HostConfig, clock: Callable[[], float] = time.time
    ) -> None:
        """clock: seconds since 1970."""
        self._registry = registry
        self._allowed = allowed
        self._config = config
        self._clock = clock
        self._records: dict[str, RunRecord] = {}
        self._messages: dict[str, deque[Message]] = {}
        self._ready_at_s: dict[str, float] = {}
        self._carriers: dict[str, CliSubprocess] = {}
        self._planning = Plannings()
        self._changed = threading.Condition()
        # Held while a run's record comes into the registry or leaves it.
        self._keeping = threading.Lock()
        self._has_ended = False
        self._stopping = self._has_started = False
        self._num_requests: dict[str, int] = {}
        self.metrics = RunMetrics(self.records)
        self.trainings = Trainings()
        self._places = [
            threading.Thread(target=self._place, name=f"run-{i}", daemon=True) for i in range(config.num_runs)
        ]
        self._places.append(threading.Thread(target=self._keep_pruned, name="prune", daemon=True))

    def start(self) -> None:
        """Takes up the runs that were not finished, once. Raises Transient and BadConfig as the store does."""
        if self._has_started:
            return
        for record in self._registry.records():
            self._records[record.id] = record
            if not record.phase.ended:
                self._ready_at_s[record.id] = 0.0
        if self._ready_at_s:
            _LOG.info("%d runs are resumed", len(self._ready_at_s))
        self._has_started = True
        for place in self._places:
            place.start()

    def stop(self) -> None:
        """Ends every process and no run: Jobs of a cluster go on, and the next server takes the runs up again."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            carriers = list(self._carriers.values())
        for carrier in carriers:
            carrier.stop()
        self._planning.close()
        for place in self._places if self._has_started else ():
            place.join()

    def submit(self, request: RunRequest, wait: Callable[[], object], caller: str = ANONYMOUS) -> RunRecord:
        """Plans and pins a run, and has it executed. wait: called over and over; raises to end the waiting. caller:
        its subject, who owns the run.

        Raises BadConfig RUN_OF_ANOTHER, and what the plan is refused with. A plan that nobody waits for any more is
        still made and executed.
        """
        self._allowed.check(request)
        return self._planning.result((request.key, caller), lambda: self._pin(request, caller), wait)

    def plan(self, request: RunRequest, wait: Callable[[], object], caller: str = ANONYMOUS) -> RunRecord:
        """The run that `submit` would begin, and raises what it would; nothing is pinned or kept."""
        self._allowed.check(request)
        return self._planning.result((request.key, caller, "plan"), lambda: self._plan(request, caller), wait)

    def prune(self) -> list[str]:
        """Forgets ended runs beyond what is kept, here and in the registry; their ids.

        Raises Transient and BadConfig as the registry's store does.
        """
        with self._changed:
            self._has_ended = False
            found = to_forget(self._records.values(), self._config.keep, self._clock())
        forgotten = []
        for run_id in found:
            with self._keeping:
                with self._changed:
                    if not self._records[run_id].phase.ended:
                        continue
                if self._registry.forget(run_id):
                    with self._changed:
                        del self._records[run_id]
                        self._messages.pop(run_id, None)
                    forgotten.append(run_id)
        if forgotten:
            _LOG.info(
                "%d ended runs are removed from the list, the first %s; their outputs stay",
                len(forgotten),
                forgotten[0],
            )
        return forgotten

    def _keep_pruned(self) -> None:
        while not self._stopping:
            try:
                self.prune()
            except VisemillError as error:
                # A store that is away: the next time.
                _LOG.warning("ended runs could not be removed: %s", error)
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self._has_ended, _PRUNE_EVERY_S)

    def get(self, run_id: str, caller: str = ANONYMOUS) -> RunRecord:
        """Raises BadConfig NO_RUN, RUN_OF_ANOTHER."""
        with self._changed:
            record = self._records.get(run_id)
        if record is None:
            raise BadConfig("NO_RUN", f"no run {run_id!r} was submitted here: List names those that were")
        self._check_open(record, caller)
        return record

    def _check_open(self, record: RunRecord, caller: str) -> None:
        if not self._config.owners.may(caller, record.owner):
            raise BadConfig(
                "RUN_OF_ANOTHER",
                f"run {record.id} is not one that {caller or 'a caller without certificate'} submitted, and only its "
                "owner and the server's operators may see, cancel or retry it: use the owner's certificate, or have "
                "the server started with --operator for yours",
            )

    def records(self) -> list[RunRecord]:
        """All runs, the newest first."""
        with self._changed:
            records = list(self._records.values())
        return sorted(records, key=lambda record: (record.submitted_at_s, record.id), reverse=True)

    def records_of(self, caller: str) -> list[RunRecord]:
        """Those that are open to a caller, the newest first."""
        return [record for record in self.records() if self._config.owners.may(caller, record.owner)]

    def watch(
        self, run_id: str, since: int, wait: Callable[[], object], caller: str = ANONYMOUS
    ) -> Iterator[tuple[RunRecord, list[Message]]]:
        """The run and what was said since, now, at each change and every 5 s; ends with the run.

        wait: as of submit. Raises BadConfig NO_RUN, RUN_OF_ANOTHER, Transient DRAINING.
        """
        record = self.get(run_id, caller)
        seen, heartbeat_s = since, 0.0
        while True:
            with self._changed:
                self._await_news(run_id, seen, heartbeat_s)
                messages = [m for m in self._messages.get(run_id, ()) if m.version > seen]
                record = self._records.get(run_id, record)
                stopping = self._stopping
            wait()
            yield record, messages
            if record.phase.ended:
                return
            if stopping:
                raise Transient("DRAINING", "this server is shutting down: retry, at another one")
            seen, heartbeat_s = record.version, _HEARTBEAT_S

    def cancel(self, run_id: str, caller: str = ANONYMOUS) -> RunRecord:
        """Has a run end.

        Raises BadConfig NO_RUN, RUN_OF_ANOTHER; Transient and BadConfig as the registry's store does.
        """
        self.get(run_id, caller)
        with self._changed:
            record = self._records[run_id]
            if record.phase.ended or record.phase is Phase.CANCELLING:
                return record
            record = self._set(record.changed(self._clock(), phase=Phase.CANCELLING, why="asked to end"))
            carrier = self._carriers.get(run_id)
            if carrier is None:
                self._ready_at_s[run_id] = 0.0
        self._registry.save(record)
        if carrier is not None:
            carrier.stop()
        return record

    def retry(self, run_id: str, limits: Limits | None, caller: str = ANONYMOUS) -> RunRecord:
        """Has an ended run try its quarantined and left-out clips again. limits: None as before.

        Raises BadConfig NO_RUN, RUN_OF_ANOTHER, RUN_NOT_ENDED; Transient and BadConfig as the registry's store does.
        """
        with self._keeping:
            with self._changed:
                record = self.get(run_id, caller)
                self._refuse_if_stopping()
                if record.phase.ended:
                    record = self._set(record.retried(limits, self._clock()))
                    self._ready_at_s[run_id] = 0.0
                elif not record.is_retry:
                    raise BadConfig(
                        "RUN_NOT_ENDED",
                        f"run {run_id} is {record.phase.value}, and only an ended run is retried: watch it to its end, "
                        "or cancel it first",
                    )
            self._registry.save(record)
        return record

    def _await_news(self, run_id: str, seen: int, most_s: float) -> None:
        """To be called while the lock is held."""
        self._changed.wait_for(lambda: self._stopping or self._has_news(run_id, seen), most_s)

    def _has_news(self, run_id: str, seen: int) -> bool:
        record = self._records.get(run_id)
        # One that was forgotten has ended.
        return record is None or record.version > seen

    def _refuse_if_stopping(self) -> None:
        if self._stopping:
            raise Transient("DRAINING", "this server is shutting down: retry, at another one")

    def _pin(self, request: RunRequest, caller: str) -> RunRecord:
        pinned = self._pinned(request)
        with self._keeping:
            with self._changed:
                record = self._enqueue(request, pinned, caller)
            self._registry.save(record)
        return record

    def _plan(self, request: RunRequest, caller: str) -> RunRecord:
        pinned, now_s = self._pinned(request, "--dry-run"), self._clock()
        return RunRecord(request, pinned, now_s, int(now_s * 1000), owner=caller)

    def _pinned(self, request: RunRequest, *flags: str) -> Pinned:
        """What `pin` answers. Raises what it is refused with."""
        with self.metrics.planned.time():
            remotes = [f"--remote={pair}" for pair in self._config.remotes]
            argv = [*request.pin_argv(), *self._config.pin_words, *self._allow_argv(), *remotes, *flags]
            ended = CliSubprocess(argv, _ignore).run()
        if "digest" not in ended.answer:
            error = error_of(ended)
            self.metrics.refused.labels(error.reason).inc()
            raise error
        return pinned_of(ended)

    def _enqueue(self, request: RunRequest, pinned: Pinned, caller: str) -> RunRecord:
        now_s = self._clock()
        record = RunRecord(request, pinned, now_s, int(now_s * 1000), owner=caller)
        # A retry that took in files has changed a run's plan, and not its id.
        same = (r for r in self._records.values() if r.pinned.digest == pinned.digest)
        output_root = request.roots.output_root
        known = next((r for r in same if r.request.roots.output_root == output_root), self._records.get(record.id))
        if known is not None:
            self._check_open(known, caller)
        if known is not None and not known.phase.ended:
            return known
        if known is not None:
            record = RunRecord(request, pinned, known.submitted_at_s, known.version, owner=known.owner)
            record = dataclasses.replace(record, first_name=known.first_name).queued(now_s)
        self._ready_at_s[record.id] = 0.0
        return self._set(record)

    def _set(self, record: RunRecord) -> RunRecord:
        """To be called while the lock is held."""
        self._records[record.id] = record
        self._has_ended |= record.phase.ended
        self._changed.notify_all()
        return record

    def _place(self) -> None:
        """One place where runs are executed, one after another."""
        while (run_id := self._next()) is not None:
            with log.bound(run=run_id):
                try:
                    self._execute(run_id)
                except Exception:  # noqa: BLE001 - told with its traceback
                    # A store that is away, or a bug: this run is tried again, the others go on.
                    _LOG.exception("run %s could not be executed", run_id)
                    with self._changed:
                        self._carriers.pop(run_id, None)
                        self._ready_at_s[run_id] = time.monotonic() + _SAVE_AGAIN_S

    def _next(self) -> str | None:
        """The run that is due first, once one is; None when the server stops."""
        with self._changed:
            while not self._stopping:
                due = min(self._ready_at_s, key=self._ready_at_s.__getitem__, default=None)
                wait_s = None if due is None else self._ready_at_s[due] - time.monotonic()
                if due is not None and wait_s is not None and wait_s <= 0:
                    del self._ready_at_s[due]
                    return due
                self._changed.wait(wait_s)
        return None

    def _execute(self, run_id: str) -> None:
        with self._changed:
            record = self._records[run_id]
            if record.phase.ended:
                return
            if record.phase is not Phase.CANCELLING:
                carrier = CliSubprocess(self._resume_words(record), lambda event: self._take(run_id, event))
                self._carriers[run_id] = carrier
                record = self._set(record.begun(self._clock()))
        wait_s = 0.0
        if record.phase is not Phase.CANCELLING:
            self._registry.save(record)
            ended = carrier.run()
            self.metrics.executed.labels(str(ended.code)).inc()
            claim = claim_of(open_store(record.request.roots.output_root)) if record.is_retry else None
            step = self.trainings.step(record)
            with self._changed:
                self._num_requests.pop(run_id, None)
                del self._carriers[run_id]
                ending = dataclasses.replace(self._repinned(self._records[run_id], claim), step=step)
                record, wait_s = after(ending, ended, self._clock())
                self._set(record)
        if record.phase is Phase.CANCELLING:
            record = self._cancelled(record)
        self._registry.save(record)
        if not record.phase.ended:
            with self._changed:
                self._ready_at_s[run_id] = time.monotonic() + wait_s
                self._changed.notify_all()

    def _repinned(self, record: RunRecord, claim: Claim | None) -> RunRecord:
        """With the plan that the output is of now."""
        if claim is None or claim.digest == record.pinned.digest:
            return record
        return record.repinned(claim.run, claim.digest, self._clock())

    def _cancelled(self, record: RunRecord) -> RunRecord:
        """Ends what a cluster still does for the run."""
        if self._config.cancel_argv is not None:
            argv = ["cancel", *record.request.roots.output_argv(), *self._config.cancel_argv]
            ended = CliSubprocess(argv, _ignore).run()
            if ended.code:
                raise error_of(ended)
        with self._changed:
            return self._set(record.cancelled(self._clock()))

    def _resume_words(self, record: RunRecord) -> list[str]:
        remotes = remote_argv(self._config.remotes, record.pinned.stages)
        own = record.request.resume_argv(self._config.workers_flag)[1:]
        attach = self._config.attach_argv if record.verb == "resume" else ()
        # A flag that is given twice counts as it is given last.
        # The run's state lies where its submitter may write.
        allow = self._allow_argv()
        return [record.verb, *self._config.resume_words, *attach, *own, "--progress=json", *remotes, *allow]

    def _allow_argv(self) -> list[str]:
        roots = [f"--allow-root={root}" for root in self._allowed.roots]
        return roots + [f"--allow-address={address}" for address in self._allowed.addresses]

    def _take(self, run_id: str, event: Event) -> None:
        with self._changed:
            record = self._records[run_id]
            if event["event"] == "progress":
                self._set(record.updated(event, self._clock()))
                num_requests = int(event.get("kube_requests", 0))
                self.metrics.kube_requests.inc(max(0, num_requests - self._num_requests.get(run_id, 0)))
                self._num_requests[run_id] = num_requests
            elif event["event"] == "said":
                record = self._set(record.changed(self._clock()))
                messages = self._messages.setdefault(run_id, deque(maxlen=_MOST_MESSAGES))
                messages.append(Message(record.version, self._clock(), str(event["text"])))


def _ignore(_event: Event) -> None:
    """Of a command whose progress nobody watches."""
