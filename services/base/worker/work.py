"""The `work` entry point: shards of a pinned run, each processed clip by clip through the pass, written, and committed.

Exits 0 when all shards given are done, 65 when one was bad, 75 when it should be tried again, 78 when the run cannot
work; --termination-log is a file that then tells why.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import os
import select
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.base.errors import EXIT_BAD_SHARD, EXIT_OK, EXIT_TRANSIENT, BadConfig, BadShard, VisemillError
from services.base.process import log, metrics
from services.base.process.cgroup import granted_cores
from services.base.run import paths
from services.base.run.sharding import parse_shards, part_of, shards_text
from services.base.run.spec import RunSpec, run_digest
from services.base.sandbox.child import die_with_parent
from services.base.sandbox.supervisor import PassChild, Stages, clip_limits
from services.base.stage.config import config_from_mapping
from services.base.stage.spec import StageSpec
from services.base.store.interface import NotThere, Store
from services.base.store.open import open_store
from services.base.worker.carrying import say
from services.base.worker.children import PassChildren
from services.base.worker.fingerprint import StageIdentity, identity_of
from services.base.worker.pinned_run import read_spec, require_same
from services.base.worker.shard import ShardContext, ShardWork
from services.base.worker.windows import split_of

LOG = logging.getLogger(__name__)

# Kubernetes keeps 4096 bytes of a termination log; a character may be escaped to six.
_MOST_LETTERS = 500
_MOST_SHARDS = 100
_STDIN_POLL_S = 0.2


class _Stop:
    """Set by SIGTERM; read between polls, so that nothing is torn."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True

    def __call__(self) -> bool:
        return self.asked


def add_work_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of the `work` entry point: the same on a laptop and in a pod."""
    parser.add_argument(
        "--state-root", required=True, help="where the run's truth lies: a folder or s3://bucket/prefix"
    )
    parser.add_argument("--run", required=True, help="name of the run below the state root")
    parser.add_argument(
        "--shards",
        required=True,
        help="such as 0,4-7; @NAME for a list kept in the run's state; - to read a number a line from standard input",
    )
    parser.add_argument("--index", type=int, default=0, help="which part of the shards to do (default: %(default)s)")
    parser.add_argument(
        "--num-indexes", type=int, default=1, help="parts that the shards are done in (default: %(default)s)"
    )
    parser.add_argument("--termination-log", default="", metavar="FILE", help="where to say why, when it fails")
    parser.add_argument("--metrics-listen", default="", metavar="HOST:PORT", help="for Prometheus; empty: off")
    parser.add_argument("--parent", type=int, default=0, metavar="PID", help="end with this process, which started it")
    parser.add_argument("--attempt", type=int, default=1, help="for the logs (default: %(default)s)")
    parser.add_argument("--clip-time-s", type=float, default=120.0, help="limit a clip (default: %(default)s)")
    parser.add_argument("--clip-memory-mib", type=int, default=2048, help="limit a clip (default: %(default)s)")
    parser.add_argument(
        "--max-shard-failures", type=int, default=-1, help="more quarantined clips end the shard; -1: any number"
    )
    parser.add_argument(
        "--num-threads",
        type=int,
        default=1,
        help="threads of the media libraries, at most one a granted core (default: %(default)s)",
    )
    parser.add_argument(
        "--decoders",
        type=int,
        default=0,
        help="processes for the stages before one that computes several clips together; 0: as many as it asks for",
    )
    parser.add_argument(
        "--artifact-cache", action=argparse.BooleanOptionalAction, default=True, help="look up and keep artifacts"
    )
    parser.add_argument(
        "--remote", action="append", default=[], metavar="STAGE=TARGET", help="a stage that runs behind gRPC"
    )


def work_main(specs: Mapping[str, StageSpec], argv: Sequence[str]) -> int:
    """Runs the shards. Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services STAGES work", description=__doc__)
    add_work_flags(parser)
    flags = parser.parse_args(argv)
    log.setup()
    if flags.parent:
        die_with_parent()
        if os.getppid() != flags.parent:
            return EXIT_TRANSIENT
    try:
        with metrics.exposed(flags.metrics_listen):
            bad = _work(flags, specs, _Stop())
    except VisemillError as error:
        _write_termination_message(flags.termination_log, error)
        raise
    except Exception as error:
        _write_termination_message(flags.termination_log, VisemillError("INTERNAL_ERROR", repr(error)))
        raise
    if not bad:
        return EXIT_OK
    _write_termination_message(flags.termination_log, next(iter(bad.values())), bad)
    return EXIT_BAD_SHARD


def _work(flags: argparse.Namespace, specs: Mapping[str, StageSpec], stop: _Stop) -> dict[int, BadShard]:
    """Processes the shards of the flags; those that were bad, with what was wrong."""
    state = open_store(flags.state_root)
    spec = read_spec(state, flags.run)
    identities = check_identities(spec, specs)
    context = ShardContext.open(spec, specs, identities, state, flags)
    if flags.decoders < 0:
        raise BadConfig("BAD_FLAGS", f"--decoders {flags.decoders} must be 0 or more")
    remote = remote_targets(flags.remote, list(specs))
    _check_remotes(remote)
    stages = [(stage.name, stage.config) for stage in spec.stages]
    limits = clip_limits(flags.clip_time_s, flags.clip_memory_mib)
    num_threads = min(flags.num_threads, granted_cores())

    def child_of(some: Stages) -> PassChild:
        return PassChild(some, limits, num_threads, specs=specs.values(), remote=remote, should_stop=stop)

    children = PassChildren(child_of, stages, split_of(stages, specs, remote), flags.decoders)
    bad: dict[int, BadShard] = {}
    try:
        children.start()
        say(event="ready")
        for shard, attempt in asked_shards(flags, spec, state, stop):
            with log.bound(run=spec.run, shard=shard, attempt=attempt):
                try:
                    ShardWork(context, shard, attempt, children, stop).run()
                except BadShard as error:
                    bad[shard] = error
                    metrics.SHARDS.labels("bad").inc()
                    say(event="shard_bad", shard=shard, reason=error.reason, message=error.message)
    finally:
        children.close()
    return bad


def _write_termination_message(path: str, error: VisemillError, bad: Iterable[int] = ()) -> None:
    """What a pod's status tells of its end; Kubernetes keeps the first 4096 bytes."""
    if not path:
        return
    names = shards_text(itertools.islice(bad, _MOST_SHARDS))
    fields = {"kind": error.kind, "reason": error.reason, "message": error.message[:_MOST_LETTERS], "shards": names}
    try:
        Path(path).write_text(json.dumps(fields), encoding="utf-8")
    except OSError as refused:
        LOG.warning("%s cannot be written: %s", path, refused)


def remote_targets(pairs: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Stage name -> target, as `--remote STAGE=TARGET` flags give them for the stages of a pass. Raises BadConfig."""
    targets: dict[str, str] = {}
    for pair in pairs:
        name, equals, target = pair.partition("=")
        if not (equals and target.strip()) or name not in names:
            raise BadConfig(
                "BAD_FLAGS", f"--remote {pair!r} must be STAGE=HOST:PORT, with a stage of {', '.join(names)}"
            )
        targets[name] = target
    return targets


def _check_remotes(remote: Mapping[str, str]) -> None:
    """Raises Transient or BadConfig when a server does not answer, before a clip waits for it."""
    if remote:
        from services.base.rpc.client import check_remote

        for target in remote.values():
            check_remote(target)


def asked_shards(
    flags: argparse.Namespace, spec: RunSpec, state: Store, should_stop: Callable[[], bool]
) -> Iterator[tuple[int, int]]:
    """(shard, attempt) for this index's part of --shards; for "-", for each line "SHARD [ATTEMPT]" of standard input.

    Ends early when asked to stop. Raises BadConfig NO_SUCH_SHARD, BAD_FLAGS.
    """
    if flags.shards == "-":
        for line in _lines_of_stdin(should_stop):
            parts = line.split() or [""]
            (shard,) = _shards(parts[0], spec.num_shards)[:1]
            yield shard, int(parts[1]) if parts[1:] else flags.attempt
        return
    listed = _shards(_list_of(flags.shards, spec, state), spec.num_shards)
    try:
        part = part_of(listed, flags.index, flags.num_indexes)
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", str(error)) from error
    for shard in part:
        yield shard, flags.attempt


def _list_of(text: str, spec: RunSpec, state: Store) -> str:
    if not text.startswith("@"):
        return text
    name = paths.list_file(spec.run, text[1:])
    try:
        return state.read(name).decode()
    except NotThere as error:
        raise BadConfig("NO_SUCH_LIST", f"--shards {text}: there is no {name} in {state.uri}") from error


def _lines_of_stdin(should_stop: Callable[[], bool]) -> Iterator[str]:
    """Lines as they come. Python restarts a read that a signal interrupts, so a wait for a line must not be one."""
    stream, pending = sys.stdin.fileno(), b""
    while not should_stop():
        if not select.select([stream], [], [], _STDIN_POLL_S)[0]:
            continue
        data = os.read(stream, 4096)
        *lines, pending = (pending + data).split(b"\n")
        if not data and pending:
            lines = [pending]
        for line in lines:
            yield line.decode()
        if not data:
            return


def _shards(text: str, num_shards: int) -> tuple[int, ...]:
    try:
        return parse_shards(text, num_shards)
    except ValueError as error:
        raise BadConfig("NO_SUCH_SHARD", str(error)) from error


def check_identities(spec: RunSpec, specs: Mapping[str, StageSpec]) -> list[StageIdentity]:
    """What would decide the bytes here, which must be what the run was pinned with. Raises BadConfig."""
    names = [stage.name for stage in spec.stages]
    if names != list(specs):
        raise BadConfig(
            "OTHER_STAGES", f"the run's pass is {','.join(names)}, this worker was started as {','.join(specs)}"
        )
    identities = []
    for stage in spec.stages:
        found = specs[stage.name]
        identity = identity_of(found, config_from_mapping(found.config, stage.config))
        require_same("model", stage.models, identity.models)
        require_same("library", spec.libraries, identity.libraries, subset=True)
        identities.append(identity)
    _require_settled(spec, identities)
    return identities


def _require_settled(spec: RunSpec, identities: Sequence[StageIdentity]) -> None:
    """A run that was pinned without saying its device goes on where its digest says that it began."""
    open_ones = [
        f"{stage.name} {name} {value}"
        for stage, identity in zip(spec.stages, identities, strict=True)
        for name, value in identity.settled.items()
        if stage.config.get(name, "auto") == "auto"
    ]
    if not open_ones:
        return
    keys = {i.name: {"version": i.version, "config": i.run_config} for i in identities}
    libraries = {name: version for i in identities for name, version in i.libraries.items()}
    pinned = (spec.pipeline, spec.stages, keys, spec.clips_sha256, spec.num_shards, libraries, spec.details)
    if run_digest(*pinned, spec.appends) != spec.map_pass.digest:
        raise BadConfig(
            "DEVICE_UNKNOWN",
            f"run {spec.run} was pinned without its device, and here that is {', '.join(open_ones)}, which is not "
            f"what its digest {spec.digest[:16]} was made of: go on where it was begun, or begin a new run in a new "
            "output root",
        )


def event_of(line: str) -> dict[str, Any] | None:
    """An event that a worker printed, or None for any other line."""
    if not line.startswith('{"event"'):
        return None
    try:
        event: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return event
