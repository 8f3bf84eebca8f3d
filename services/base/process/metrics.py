"""Numbers of a process, in Prometheus's text format over HTTP where a port is asked for.

Names carry their unit, labels take a handful of values: never a clip, a shard or a run.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from services.base.errors import BadConfig

LOG = logging.getLogger(__name__)

_SECONDS_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_REQUEST_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)

# Of this process, whatever it does; what it does not do stays at zero. Stages add theirs (`owned`).
PROCESS = CollectorRegistry()
ProcessCollector(registry=PROCESS)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(name, text, labels, registry=PROCESS)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(name, text, labels, registry=PROCESS)


def _histogram(name: str, text: str, buckets: Iterable[float], *labels: str) -> Histogram:
    return Histogram(name, text, labels, buckets=tuple(buckets), registry=PROCESS)


CLIPS = _counter("visemill_clips", "Clips that a worker has dealt with: ok or quarantined.", "outcome")
CLIP_SECONDS = _histogram("visemill_clip_seconds", "Wall time of a worker's clip, retries included.", _SECONDS_BUCKETS)
SHARDS = _counter(
    "visemill_shards", "Shards that a worker has dealt with: committed, skipped (done before), bad.", "outcome"
)
SHARD_SECONDS = _histogram(
    "visemill_shard_seconds", "Wall time of a committed shard.", (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
)
ARTIFACTS = _counter("visemill_artifacts", "Artifacts that clips needed: reused or computed.", "outcome")
CLIP_WAITS = _counter("visemill_clip_waits", "Times that a clip has waited for a remote stage that did not answer.")

STAGE_SECONDS = _histogram("visemill_stage_seconds", "Time of a clip in a stage.", _SECONDS_BUCKETS, "stage")
CHILDREN_STARTED = _counter("visemill_children_started", "Child processes started to hold the stages.")
CHILDREN_LOST = _counter("visemill_children_lost", "Children that a clip has cost, by reason.", "reason")
CHILDREN_BUSY = _gauge("visemill_children_busy", "Children of a server that are at work on a clip.")
CALLS_WAITING = _gauge("visemill_calls_waiting", "Calls of a server that wait for a child.")

STORE_SECONDS = _histogram(
    "visemill_store_request_seconds", "Wall time of a try of an S3 request.", _REQUEST_BUCKETS, "method"
)
STORE_RETRIES = _counter("visemill_store_retries", "S3 requests that were retried.", "method")

TRAINING_STEP = _gauge("visemill_training_step", "Optimiser steps that a training has taken.")
TRAINING_ITEMS = _counter("visemill_training_items", "Items that a rank has learnt from; their rate is its speed.")
TRAINING_WAIT_SECONDS = _counter(
    "visemill_training_wait_seconds", "Time that a rank has waited for its batches; their rate is the share of time."
)
TRAINING_SAVED = _gauge("visemill_training_saved_timestamp_seconds", "Unix time of a training's newest checkpoint.")
TRAINING_SCORE = _gauge("visemill_training_score", "Newest of a training: loss of a step, val_loss, val_cer.", "name")

_owned: dict[str, Counter | Histogram] = {}


def owned(name: str, text: str, buckets: Iterable[float] = ()) -> Counter | Histogram:
    """A metric of PROCESS that its owner describes, once however often it is asked for: a counter, or with buckets a
    histogram.
    """
    if name not in _owned:
        _owned[name] = _histogram(name, text, buckets) if (buckets := tuple(buckets)) else _counter(name, text)
    return _owned[name]


class CallMetrics:
    """Calls of one server: how many run, how many ended with which status code, how long they took.

    registry: these, those of the process, and what is added to it.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Forward(PROCESS))
        self._ended = Counter(
            "visemill_calls", "gRPC calls that ended, by status code.", ["method", "code"], registry=self.registry
        )
        self._running = Gauge("visemill_calls_running", "gRPC calls in flight.", ["method"], registry=self.registry)
        self._seconds = Histogram(
            "visemill_call_seconds",
            "Wall time of gRPC calls.",
            ["method"],
            buckets=_SECONDS_BUCKETS,
            registry=self.registry,
        )
        self._serving = Gauge(
            "visemill_serving",
            "1 while the server serves; 0 under the reason why it does not.",
            ["reason"],
            registry=self.registry,
        )
        self._reason: str | None = None

    def serving(self, reason: str) -> None:
        """reason: why the server does not serve; empty: it does."""
        self._serving.labels(reason).set(0 if reason else 1)
        if self._reason not in (None, reason):
            self._serving.remove(self._reason)
        self._reason = reason

    def started(self, method: str) -> None:
        self._running.labels(method).inc()

    def ended(self, method: str, code: str, seconds: float) -> None:
        self._running.labels(method).dec()
        self._ended.labels(method, code).inc()
        self._seconds.labels(method).observe(seconds)


class _Forward(Collector):
    """Another registry's metrics as part of this one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        return self._registry.collect()


def parse_address(text: str) -> tuple[str, int]:
    """`:9090`, `9090` or `host:port`; without a host, every interface. Raises BadConfig."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise BadConfig("BAD_ADDRESS", f"{text!r} must be host:port or :port, with a port from 0 to 65535")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - stated in the docstring


def expose(registry: CollectorRegistry, listen: str) -> tuple[int, Callable[[], None]]:
    """Serves the registry at http://listen/metrics. Returns the bound port and what stops it. Raises BadConfig."""
    host, port = parse_address(listen)
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise BadConfig(
            "CANNOT_LISTEN", f"metrics cannot listen on {listen!r}: {error}; choose another port"
        ) from error

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return int(server.server_port), stop


@contextlib.contextmanager
def exposed(listen: str) -> Iterator[None]:
    """Serves what this process measures while the block runs; an empty address: not at all. Raises BadConfig."""
    if not listen:
        yield
        return
    port, stop = expose(PROCESS, listen)
    LOG.info("metrics on port %d", port)
    try:
        yield
    finally:
        stop()
