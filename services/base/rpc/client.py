"""The client's side of gRPC: a channel to a stage's server, and whole calls tried again while the server is away.

A call on a clip changes nothing on a server, so it can always be repeated.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.base.digest import canonical_json
from services.base.errors import BadConfig, Transient, VisemillError
from services.base.media.clip import Media
from services.base.process.retry import Backoff, Retryable, retry_with_timeout
from services.base.process.settings import Settings, settings
from services.base.rpc.channel.other_protocol import other_protocol, proxy_hint
from services.base.rpc.channel.renewed import RenewedChannel
from services.base.rpc.channel.targets import check_target, is_loopback
from services.base.rpc.channel.tls import client_credentials, client_files
from services.base.rpc.channel.tls_diagnosis import refusal_of
from services.base.rpc.codec import DATA_BYTES
from services.base.rpc.status import error_of, health_reason

# What a caller expects the server to be configured with; a server refuses a call that expects something else.
CONFIG_KEY = "visemill-config"

_Result = TypeVar("_Result")

CHECK_PATIENCE_S = 10.0
_CHECKS = Backoff(first_s=0.2, most_s=0.2)
_RECONNECTS = Backoff(first_s=0.1, most_s=2.0)

_KEEPALIVE_MS = 30_000
_KEEPALIVE_TIMEOUT_MS = 20_000
_SERVICE_CONFIG = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})


def channel_options(target: str, max_message_bytes: int) -> list[tuple[str, Any]]:
    """Limits and keepalive of a client. Reconnecting is quick: the waits between calls are ours."""
    return [
        # A proxy variable is about other machines.
        *([("grpc.enable_http_proxy", 0)] if is_loopback(target) else []),
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        ("grpc.initial_reconnect_backoff_ms", round(1000 * _RECONNECTS.first_s)),
        ("grpc.min_reconnect_backoff_ms", round(1000 * _RECONNECTS.first_s)),
        ("grpc.max_reconnect_backoff_ms", round(1000 * _RECONNECTS.most_s)),
        ("grpc.dns_min_time_between_resolutions_ms", 1_000),
        ("grpc.service_config", _SERVICE_CONFIG),
        ("grpc.enable_retries", 0),
    ]


def connect(target: str, values: Settings | None = None) -> grpc.Channel:
    """A channel to `host:port`, `dns:///name:port` or `unix:/path`, over TLS with VISEMILL_TLS_CA. Raises BadConfig.

    Files of TLS that are replaced are taken by the next call.
    """
    values = values or settings()
    try:
        check_target(target, "the address")
    except ValueError as error:
        raise BadConfig("BAD_TARGET", str(error)) from error
    options = channel_options(target, values.max_message_bytes)
    if client_credentials(values) is None:
        return grpc.insecure_channel(target, options)

    def secure() -> grpc.Channel:
        credentials = client_credentials(values)
        assert credentials is not None
        return grpc.secure_channel(target, credentials, options)

    return RenewedChannel(secure, lambda: client_files(values))


def check_remote(target: str, patience_s: float = CHECK_PATIENCE_S) -> None:
    """Returns once the server at target says that it serves, by grpc.health.v1.

    Raises BadConfig BAD_TARGET, CALL_REFUSED or what TLS failed with; after patience_s Transient NOT_SERVING, with the
    server's own reason, or REMOTE_DOES_NOT_ANSWER.
    """
    values = settings()
    with connect(target, values) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        end_s = time.monotonic() + patience_s
        num_checks = 0
        while (why := _unwell(stub, max(0.1, end_s - time.monotonic()), target, values)) is not None:
            num_checks += 1
            pause_s = _CHECKS.pause_s(num_checks)
            if time.monotonic() + pause_s > end_s:
                raise _given_up(target, patience_s, why)
            time.sleep(pause_s)


@dataclass(frozen=True)
class _Unwell:
    """Why a server does not serve. answers: whether it was the server that said so."""

    detail: str
    answers: bool


def _given_up(target: str, patience_s: float, why: _Unwell) -> Transient:
    if why.answers:
        return Transient("NOT_SERVING", f"{target} answers and did not serve within {patience_s:g} s: {why.detail}")
    return Transient(
        "REMOTE_DOES_NOT_ANSWER",
        f"{target} did not report within {patience_s:g} s that it serves ({why.detail}): check the address, and that "
        "`python -m services STAGE serve` runs there",
    )


def _unwell(stub: health_pb2_grpc.HealthStub, timeout_s: float, target: str, values: Settings) -> _Unwell | None:
    try:
        answer, call = stub.Check.with_call(health_pb2.HealthCheckRequest(), timeout=timeout_s)
    except grpc.RpcError as error:
        meaning = meaning_of(error, target, values)
        if not isinstance(meaning, Transient):
            raise meaning from error
        return _Unwell(meaning.message, answers=False)
    if answer.status == health_pb2.HealthCheckResponse.SERVING:
        return None
    reason = health_reason(call.trailing_metadata() or ())
    return _Unwell(reason or "it gives no reason; its log may", answers=True)


def meaning_of(error: grpc.RpcError, target: str, values: Settings) -> VisemillError:
    """What a failed call to target means, one that TLS has failed included."""
    meaning = error_of(error)
    if not isinstance(meaning, Transient) or meaning.reason != "SERVER_UNAVAILABLE":
        return meaning
    refusal = refusal_of(meaning.detail, target, values) or other_protocol(meaning.detail, target)
    return refusal or Transient(meaning.reason, meaning.message + proxy_hint(target), meaning.detail)


class Remote:
    """A server that clips are sent to. One channel, shared by threads."""

    def __init__(self, target: str, values: Settings | None = None) -> None:
        self._values = values or settings()
        self.target = target
        self.channel = connect(target, self._values)

    @property
    def deadline_s(self) -> float:
        """Of one try."""
        return self._values.rpc_deadline_s

    @property
    def max_message_bytes(self) -> int:
        return self._values.max_message_bytes

    def retry_with_timeout(self, attempt: Callable[[], _Result]) -> _Result:
        """What attempt() returns, tried anew while the server is away or busy. Raises what a failure means."""

        def meant() -> _Result:
            try:
                return attempt()
            except grpc.RpcError as error:
                raise self._meaning(error) from error

        return retry_with_timeout(meant, patience_s=self._values.rpc_patience_s)

    def _meaning(self, error: grpc.RpcError) -> Exception:
        meaning = meaning_of(error, self.target, self._values)
        if not isinstance(meaning, Transient):
            return meaning
        named = Transient(meaning.reason, f"{self.target}: {meaning.message}", meaning.detail)
        # Another try after the whole time of a call was spent would only spend it again.
        return named if meaning.reason == "DEADLINE_EXCEEDED" else Retryable(named)


class Pieces:
    """Encoded media in pieces of DATA_BYTES, read as they are sent. failure: why reading it stopped, if it did."""

    def __init__(self, media: Media) -> None:
        self._media = media
        self.failure: OSError | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._read()
        except OSError as error:
            self.failure = error
            raise

    def check(self) -> None:
        """Raises Transient MEDIA_UNREADABLE if a call failed because its media could not be read here."""
        if self.failure is not None:
            raise Transient("MEDIA_UNREADABLE", f"{self._media.name}: {self.failure}") from self.failure

    def _read(self) -> Iterator[bytes]:
        if self._media.data is not None:
            for start in range(0, len(self._media.data), DATA_BYTES):
                yield self._media.data[start : start + DATA_BYTES]
            return
        assert self._media.path is not None
        with self._media.path.open("rb") as file:
            while piece := file.read(DATA_BYTES):
                yield piece


def expectation(config: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Metadata that says what config the caller expects of the server."""
    return ((CONFIG_KEY, canonical_json(dict(config))),)


def require_expected(metadata: Iterable[tuple[str, str | bytes]], config: Callable[[], Mapping[str, Any]]) -> None:
    """Raises BadConfig CONFIG_DIFFERS when a call's metadata expects another config than this server's.

    config: asked only when the metadata expects something.
    """
    text = dict(metadata).get(CONFIG_KEY)
    if text is None:
        return
    try:
        expected = dict(json.loads(text))
    except (ValueError, TypeError) as error:
        raise BadConfig("CONFIG_DIFFERS", f"the metadata {CONFIG_KEY} must be a JSON object: {error}") from error
    here = json.loads(canonical_json(dict(config())))
    names = sorted(set(expected) | set(here))
    differing = [n for n in names if n not in expected or n not in here or expected[n] != here[n]]
    if differing:
        wants = ", ".join(f"{n}={expected.get(n)!r} and {here.get(n)!r}" for n in differing)
        raise BadConfig(
            "CONFIG_DIFFERS", f"caller and server differ in {wants}: start the server with the caller's settings"
        )
