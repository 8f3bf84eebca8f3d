"""`visemill serve`: the RunService, for other systems and for `visemill --server`; beside it the TrainingService."""

from __future__ import annotations

import argparse
import contextlib
import logging
from dataclasses import dataclass, field
from typing import Any

from orchestrator.cli import cluster
from orchestrator.cli.answer import Answer
from orchestrator.cli.device import device_of
from orchestrator.cli.parsing.given_flags import argv_given_by
from orchestrator.roots import real_root
from orchestrator.service.owners import Owners
from orchestrator.service.retention import Keep
from services.base.errors import EXIT_OK, BadConfig
from services.base.process import log
from services.base.rpc.config import ListenConfig
from services.base.rpc.readiness import Need, Readiness
from services.base.rpc.server import handle_signals, serve_until
from services.base.stage.config import add_config_flags, config_from_flags
from services.base.store.allowed_roots import AllowedRoots
from services.base.store.roots import absolute

_STOPPED = "stopped; unfinished runs are resumed when it is started again with the same --registry"


@dataclass(frozen=True)
class RunServeConfig(ListenConfig):
    """How the RunService is served. A listing takes its time, and a watch lasts as long as it may."""

    deadline_s: float = field(
        default=3600.0, metadata={"help": "maximum call duration; a submitted run is planned within one call"}
    )
    num_calls: int = field(default=256, metadata={"help": "calls at a time, those that watch a run included"})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_calls < 1:
            raise ValueError(f"num_calls must be at least 1, not {self.num_calls}")

    @property
    def most_calls(self) -> int:
        return self.num_calls


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--registry", required=True, help="folder or s3://bucket/prefix of the records of submitted runs"
    )
    parser.add_argument(
        "--allow-root",
        action="append",
        default=[],
        metavar="ROOT",
        help="folder or s3://bucket/prefix below which callers may read and write; may be repeated (default: none)",
    )
    parser.add_argument(
        "--allow-address",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="server that callers may name in flags such as --triton; may be repeated (default: none)",
    )
    parser.add_argument(
        "--remote",
        action="append",
        default=[],
        metavar="STAGE=HOST:PORT",
        help="call a gRPC server for a stage, in every run that has it; may be repeated",
    )
    parser.add_argument(
        "--num-runs", type=int, default=4, help="runs that are executed at a time (default: %(default)s)"
    )
    kept = Keep()
    parser.add_argument(
        "--keep-ended",
        type=int,
        default=kept.num_ended,
        metavar="N",
        help="finished runs to list; older ones are forgotten, their outputs stay (default: %(default)s)",
    )
    parser.add_argument(
        "--keep-ended-days",
        type=float,
        default=kept.days,
        metavar="DAYS",
        help="time that a finished run is listed (default: %(default)s)",
    )
    parser.add_argument(
        "--operator",
        action="append",
        default=[],
        metavar="SUBJECT",
        help="subject of a client certificate, such as CN=alice,O=team, that may see, cancel and retry every run, "
        "where --tls-client-ca is given; may be repeated (default: none, only the submitter may)",
    )
    add_config_flags(parser, RunServeConfig)
    cluster.add_cluster_flags(parser)


def serve(flags: argparse.Namespace) -> Answer:
    """Serves until a signal; then the runs are left as they are, to be taken up by the next server."""
    from orchestrator.access.allowed import Allowed
    from orchestrator.service.config import HostConfig
    from orchestrator.service.host import RunHost
    from orchestrator.service.registry import Registry
    from orchestrator.service.servicer import SERVICE, registrar
    from orchestrator.service.training_servicer import TRAINING_SERVICE, training_registrar

    config: RunServeConfig = config_from_flags(RunServeConfig, flags)
    try:
        allowed = Allowed(tuple(flags.allow_root), tuple(flags.allow_address), real_root, absolute(flags.registry))
        keep = Keep(flags.keep_ended, flags.keep_ended_days)
        owners = Owners(bool(config.tls_client_ca), tuple(flags.operator))
        host_config = HostConfig(flags.num_runs, tuple(flags.remote), **_cluster(flags), keep=keep, owners=owners)
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", str(error)) from error
    # Instead of the command line's plain warnings, what every server's log holds.
    logging.getLogger().handlers.clear()
    log.setup()
    stopping = handle_signals()
    registry = Registry(absolute(flags.registry))
    # A folder that is missing is made by the first run that writes there; a bucket never is.
    roots = AllowedRoots([root for root in flags.allow_root if root.startswith("s3://")])
    host = RunHost(registry, allowed, host_config)
    needs = (Need("registry", registry.check), Need("allowed roots", roots.check), Need("runs", host.start))
    readiness = Readiness(needs, stopping, config.recheck_s)
    with contextlib.ExitStack() as stack:
        stack.callback(host.stop)
        served = {SERVICE: registrar(host), TRAINING_SERVICE: training_registrar(host)}
        code = serve_until(stopping, config, served, host.stop, host.metrics, readiness=readiness)
    return Answer(_STOPPED if code == EXIT_OK else "stopped with calls unfinished", {"exit_code": code}, code)


def _cluster(flags: argparse.Namespace) -> dict[str, Any]:
    """What the processes that execute runs, and end them, need to know of the cluster."""
    if not cluster.is_kube(flags):
        return {}
    cancel_argv = tuple(argv_given_by(flags, cluster.add_place_flags))
    resume_words = tuple(argv_given_by(flags, cluster.add_cluster_flags))
    return {
        "workers_flag": "--parallelism",
        # The pods', whatever this process sees.
        "pin_words": (f"--workers-device={device_of(flags)}",),
        "resume_words": resume_words,
        # A server that comes back leaves alone what somebody has suspended or scaled meanwhile.
        "attach_argv": ("--attach",),
        "cancel_argv": cancel_argv,
    }
