"""A stage's gRPC server: creation with its limits, health, reflection, addresses and TLS, drain on a signal."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client.registry import Collector

from services.base.errors import EXIT_OK, EXIT_TRANSIENT, BadConfig, VisemillError
from services.base.process import log
from services.base.process.cgroup import granted_memory_bytes
from services.base.process.metrics import CallMetrics, expose
from services.base.process.settings import settings
from services.base.rpc.channel.tls import ServerCertificates
from services.base.rpc.config import ListenConfig, ServeConfig
from services.base.rpc.interceptor import CallInterceptor, Gate, call_abandoned
from services.base.rpc.pool import ChildPool
from services.base.rpc.readiness import STARTING, Need, Readiness
from services.base.rpc.status import health_trailers
from services.base.rpc.uploads import UploadLimits, Uploads
from services.base.sandbox.supervisor import PassChild, Stages, clip_limits
from services.base.stage.spec import StageSpec

_LOG = logging.getLogger(__name__)


# Threads beyond those of admitted calls: health checks, reflection, and telling callers that the server is busy.
_SPARE_THREADS = 16


_SPARE_CALLS = 64


_PROBE_THREADS = 2


_KEEPALIVE_MS = 30_000


_KEEPALIVE_TIMEOUT_MS = 20_000


_LEAST_PING_INTERVAL_MS = 10_000


# For answers still on their way when the last call has left.
_GOODBYE_S = 1.0


# For a clip whose caller has gone: to start a child anew takes about as long.
_GRACE_S = 3.0


# Serves for as long as the process answers, whatever it waits for: what a liveness probe asks for.
LIVENESS = "liveness"


_LOCAL = ("127.", "localhost", "[::1]", "unix:")


Register = Callable[[grpc.Server], None]


def uploads_of(flags: argparse.Namespace) -> Uploads:
    """What takes clips in, as the flags say. Raises BadConfig."""
    try:
        limits = UploadLimits(flags.max_clip_mib << 20, flags.spool_mib << 20, tuple(flags.allow_root))
    except ValueError as error:
        raise BadConfig("BAD_SETTING", f"--allow-root: {error}") from error
    return Uploads(limits)


def pool_of(config: ServeConfig, stages: Stages, specs: Sequence[StageSpec]) -> ChildPool:
    """Children that hold the stages, of these specs, and drop a clip when its caller has gone."""
    limits = clip_limits(config.clip_time_s, config.clip_memory_mib)
    return ChildPool(
        lambda: PassChild(
            stages, limits, config.num_threads, specs=specs, should_stop=call_abandoned, grace_s=_GRACE_S
        ),
        config.children,
    )


class Server:
    """A gRPC server with all that every server of ours has. register: full service name -> what adds its servicer."""

    def __init__(self, config: ListenConfig, register: Mapping[str, Register]) -> None:
        self._config = config
        self._gate = Gate(config.most_calls)
        self.metrics = CallMetrics()
        self._health = _Health()
        self._names = ("", *register)
        num_threads = config.most_calls + _SPARE_THREADS
        self._grpc = grpc.server(
            ThreadPoolExecutor(num_threads, thread_name_prefix="call"),
            interceptors=[CallInterceptor(self._gate, config.deadline_s, self.metrics)],
            options=server_options(config, settings().max_message_bytes),
            maximum_concurrent_rpcs=num_threads + _SPARE_CALLS,
        )
        for add in register.values():
            add(self._grpc)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        self.say(STARTING)
        reflection.enable_server_reflection((*register, health.SERVICE_NAME, reflection.SERVICE_NAME), self._grpc)
        self._probes = grpc.server(
            ThreadPoolExecutor(_PROBE_THREADS, thread_name_prefix="probe"),
            options=[("grpc.so_reuseport", 0)],
            maximum_concurrent_rpcs=_SPARE_CALLS,
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._probes)

    def start(self, unready: VisemillError | None = None) -> str:
        """Binds and answers. Returns the address that clients connect to. Raises BadConfig.

        unready: why it does not serve yet, until `say` tells otherwise.
        """
        listen = self._config.listen
        port = _bind(self._grpc, listen, _credentials(self._config))
        if self._config.health_listen:
            _bind(self._probes, self._config.health_listen, None)
        self._grpc.start()
        self._probes.start()
        self._health.set(LIVENESS, health_pb2.HealthCheckResponse.SERVING)
        self.say(unready)
        return listen if listen.startswith("unix:") else f"{listen.rpartition(':')[0]}:{port}"

    def drain(self, most_s: float) -> bool:
        """Says NOT_SERVING, refuses calls, waits for those in flight, then stops. Whether all were done in time."""
        self._health.enter_graceful_shutdown()
        self._gate.close()
        done = self._gate.wait_empty(most_s)
        self.stop(_GOODBYE_S if done else 0.0)
        return done

    def stop(self, grace_s: float = 0.0) -> None:
        """Ends every call and connection, health watchers too, after grace_s."""
        probes_stopped = self._probes.stop(grace_s)
        self._grpc.stop(grace_s).wait()
        probes_stopped.wait()
        self._gate.close()
        self._gate.wait_empty(5.0)

    def say(self, unready: VisemillError | None) -> None:
        """From now on health, calls and metrics tell that the server serves, or why it does not."""
        statuses = health_pb2.HealthCheckResponse
        # Whoever finds it serving is let in, and whoever is refused finds the reason.
        self._health.why = unready
        self._gate.unready(unready)
        self.metrics.serving(unready.reason if unready is not None else "")
        for name in self._names:
            self._health.set(name, statuses.SERVING if unready is None else statuses.NOT_SERVING)


class _Health(health.HealthServicer):
    """grpc.health.v1, whose Check also says in its trailers why the server does not serve."""

    why: VisemillError | None = None

    def Check(self, request: Any, context: Any) -> Any:
        if self.why is not None and request.service != LIVENESS:
            context.set_trailing_metadata(health_trailers(self.why))
        return super().Check(request, context)


def _credentials(config: ListenConfig) -> grpc.ServerCredentials | None:
    if not config.tls_cert:
        return None
    return ServerCertificates(config.tls_cert, config.tls_key, config.tls_client_ca).credentials()


def _bind(server: grpc.Server, listen: str, credentials: grpc.ServerCredentials | None) -> int:
    try:
        if credentials is None:
            return int(server.add_insecure_port(listen))
        return int(server.add_secure_port(listen, credentials))
    except RuntimeError as error:
        raise BadConfig("CANNOT_LISTEN", f"cannot listen on {listen!r}: {error}; choose another address") from error


def server_options(config: ListenConfig, max_message_bytes: int) -> list[tuple[str, Any]]:
    """Limits, keepalive and the age after which clients connect anew and so find new servers."""
    options: list[tuple[str, Any]] = [
        # Two servers on one port would share its calls without a word.
        ("grpc.so_reuseport", 0),
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_concurrent_streams", config.most_calls + _SPARE_CALLS),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _LEAST_PING_INTERVAL_MS),
    ]
    if config.connection_age_s:
        # A call may outlive its connection's age by as much as it may last.
        options += [
            ("grpc.max_connection_age_ms", int(config.connection_age_s * 1000)),
            ("grpc.max_connection_age_grace_ms", int(config.deadline_s * 1000)),
        ]
    return options


def run_server(
    config: ServeConfig,
    children: ChildPool,
    register: Mapping[str, Register],
    *,
    uploads: Uploads,
    needs: Sequence[Need] = (),
) -> int:
    """Serves a stage until a signal. The exit code. Main thread only. Raises BadConfig.

    needs: what else it must have, looked at before the children are started.
    """
    log.setup()
    stopping = handle_signals()
    every_need = (Need("allowed roots", uploads.check), *needs, Need("children", children.check))
    readiness = Readiness(every_need, stopping, config.recheck_s)
    children.on_trouble = readiness.look_now
    with contextlib.closing(children):
        _warn_of_memory(config)
        return serve_until(stopping, config, register, readiness=readiness)


def serve_until(
    stopping: threading.Event,
    config: ListenConfig,
    register: Mapping[str, Register],
    stop_work: Callable[[], object] = lambda: None,
    collector: Collector | None = None,
    *,
    readiness: Readiness,
) -> int:
    """Serves until `stopping` is set, then drains: stop_work() ends what would keep calls in flight. The exit code.

    collector: of metrics beside those of the calls and of the process. readiness: whether it serves.

    The first line on standard output is `listening on ADDRESS`, once all is there or is known to be missing.
    Raises BadConfig, also for a need that can never be met.
    """
    with contextlib.ExitStack() as stack:
        server = Server(config, register)
        if collector is not None:
            server.metrics.registry.register(collector)
        if config.metrics_listen:
            port, stop_metrics = expose(server.metrics.registry, config.metrics_listen)
            stack.callback(stop_metrics)
            _LOG.info("metrics on port %d", port)
        address = server.start(STARTING)
        stack.callback(readiness.stop)
        readiness.start(server.say)
        try:
            readiness.wait_first_look()
            if not stopping.is_set():
                _announce(config, address)
            stopping.wait()
            _LOG.info("stopping: finishing calls in flight", extra={"fields": {"drain_s": config.drain_s}})
            stop_work()
            done = server.drain(config.drain_s)
        except KeyboardInterrupt:
            server.stop()
            done = False
        readiness.raise_fatal()
        _LOG.info("stopped" if done else "stopped with calls unfinished")
    return EXIT_OK if done else EXIT_TRANSIENT


def handle_signals() -> threading.Event:
    """An event that SIGTERM or SIGINT sets; the second signal raises KeyboardInterrupt. Main thread only."""
    # A handler is needed even for SIGTERM's default: as process 1 of a container it would be ignored.
    stopping = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return stopping


def _announce(config: ListenConfig, address: str) -> None:
    sys.stdout.write(f"listening on {address}\n")
    sys.stdout.flush()
    limits = {**config.limits(), "max_message_bytes": settings().max_message_bytes}
    _LOG.info("listening on %s", address, extra={"fields": limits})
    if not config.tls_cert and not address.startswith(_LOCAL):
        _LOG.warning("%s is reachable from other machines without TLS: give --tls-cert and --tls-key", address)
    if config.port_file:
        path = Path(config.port_file)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(address if address.startswith("unix:") else address.rpartition(":")[2], encoding="ascii")
        temporary.replace(path)


def _warn_of_memory(config: ServeConfig) -> None:
    granted_bytes = granted_memory_bytes()
    if granted_bytes is not None and config.children * config.clip_memory_mib << 20 > granted_bytes:
        _LOG.warning(
            "%d children of %d MiB may need more than the %d MiB granted",
            config.children,
            config.clip_memory_mib,
            granted_bytes >> 20,
        )
