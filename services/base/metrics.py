"""Counters of a process, in Prometheus's text format over HTTP where a port is asked for."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server

from services.base.errors import BadConfig

_SECONDS_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


class CallMetrics:
    """Calls of one server: how many run, how many ended with which status code, how long they took."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
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

    def started(self, method: str) -> None:
        self._running.labels(method).inc()

    def ended(self, method: str, code: str, seconds: float) -> None:
        self._running.labels(method).dec()
        self._ended.labels(method, code).inc()
        self._seconds.labels(method).observe(seconds)


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
