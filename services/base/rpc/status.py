"""Errors over gRPC: our four classes to a status with google.rpc.ErrorInfo, and back to the same class.

A bug of ours travels as INTERNAL with an id that the server's log carries beside the traceback, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from services.base.errors import BadConfig, BadInput, Transient, VisemillError, from_kind
from services.base.rpc.channel.tls_diagnosis import meaning_of_handshake

DOMAIN = "visemill.dev"
# A client takes 8 KiB of trailers by default, and the message travels twice.
_MAX_MESSAGE_BYTES = 1024
_MAX_DETAIL_BYTES = 2048

# Transient errors whose reason has a status of its own; any other error goes by its class.
_STATUS_BY_REASON = {
    "SERVER_BUSY": "RESOURCE_EXHAUSTED",
    "DEADLINE_EXCEEDED": "DEADLINE_EXCEEDED",
}

# Trailers of a health answer: why a server does not serve.
REASON_KEY, MESSAGE_KEY = "visemill-reason", "visemill-message"

_BAD_CONFIG_CODES = {
    grpc.StatusCode.UNIMPLEMENTED: "the server does not offer this call: check the address and the versions",
    grpc.StatusCode.UNAUTHENTICATED: "the server wants a certificate: set VISEMILL_TLS_CERT and VISEMILL_TLS_KEY",
    grpc.StatusCode.PERMISSION_DENIED: "the server refuses this client: check its certificate",
}


def code_of(error: VisemillError) -> grpc.StatusCode:
    """The status code that an error travels under."""
    name = _STATUS_BY_REASON.get(error.reason, error.grpc_status) if isinstance(error, Transient) else error.grpc_status
    return grpc.StatusCode[name]


def status_of(error: VisemillError) -> grpc.Status:
    """What to give `ServicerContext.abort_with_status`: code, message, and ErrorInfo(reason, kind, detail)."""
    info = error_details_pb2.ErrorInfo(
        reason=error.reason,
        domain=DOMAIN,
        metadata={"kind": error.kind, "detail": clipped(error.detail, _MAX_DETAIL_BYTES)},
    )
    packed = any_pb2.Any()
    packed.Pack(info)
    status = status_pb2.Status(
        code=code_of(error).value[0], message=clipped(error.message, _MAX_MESSAGE_BYTES), details=[packed]
    )
    return rpc_status.to_status(status)


def error_of(error: grpc.RpcError) -> VisemillError:
    """The error that a failed call means: the server's own, else what the status code stands for."""
    call = cast(grpc.Call, error)
    info = _info_of(call)
    code, details = call.code(), call.details() or ""
    if info is not None:
        return from_kind(info.metadata["kind"], info.reason, details, info.metadata["detail"])
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Transient("DEADLINE_EXCEEDED", "the call's time was over before the server was done", details)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in details:
        return BadInput(
            "MESSAGE_TOO_LARGE",
            f"a message was too large ({details}): set VISEMILL_MAX_MESSAGE_BYTES at both ends",
        )
    if code in _BAD_CONFIG_CODES:
        return BadConfig("CALL_REFUSED", _BAD_CONFIG_CODES[code], details)
    if code is grpc.StatusCode.UNAVAILABLE and (refused := meaning_of_handshake(details)) is not None:
        return refused
    # What is left comes from the transport: a server that went away, a proxy, a full queue.
    return Transient(
        "SERVER_UNAVAILABLE",
        f"the server did not answer ({code.name}), check that it runs, and its address: {details}",
        details,
    )


def health_trailers(why: VisemillError) -> tuple[tuple[str, str], ...]:
    """What goes beside NOT_SERVING: the reason, and the message in printable ASCII."""
    message = "".join(c if c.isprintable() else " " for c in clipped(why.message, _MAX_MESSAGE_BYTES))
    return (REASON_KEY, why.reason), (MESSAGE_KEY, message.encode("ascii", "backslashreplace").decode())


def health_reason(trailers: Iterable[tuple[str, str | bytes]]) -> str:
    """`REASON: message` of a health answer's trailers, empty where they hold none."""
    found = {key: str(value) for key, value in trailers if key in (REASON_KEY, MESSAGE_KEY)}
    return ": ".join(found[key] for key in (REASON_KEY, MESSAGE_KEY) if key in found)


def clipped(text: str, max_bytes: int) -> str:
    """Valid UTF-8 of at most max_bytes, marked where it was cut."""
    data = text.encode(errors="replace")
    if len(data) <= max_bytes:
        return data.decode()
    return data[: max_bytes - 3].decode(errors="ignore") + "…"


def _info_of(call: grpc.Call) -> error_details_pb2.ErrorInfo | None:
    try:
        status = rpc_status.from_call(call)
    except ValueError:
        return None
    info = error_details_pb2.ErrorInfo()
    for packed in status.details if status is not None else ():
        if packed.Unpack(info) and info.domain == DOMAIN:
            return info
    return None
