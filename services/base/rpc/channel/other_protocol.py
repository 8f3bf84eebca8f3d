"""What else than gRPC answers at an address, found out by what gRPC says of it and by one question."""

from __future__ import annotations

import os
import socket

from services.base.errors import BadConfig
from services.base.rpc.channel.targets import is_loopback, proxy_variable
from services.base.rpc.channel.tls_diagnosis import address_of

_PROBE_LIMIT_S = 3.0
_QUESTION = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
# gRPC has read bytes that no server of HTTP/2 begins with.
_FOREIGN = ("Expected SETTINGS frame as the first frame", "http1.x server", "Received http1 header")
# It has read nothing: the server waits for something else, or hung up.
_SILENT = ("before receiving SETTINGS frame", "Socket closed")


def other_protocol(details: str, target: str) -> BadConfig | None:
    """Why no gRPC is spoken with target, if that is what the transport's words come from."""
    is_foreign = any(words in details for words in _FOREIGN)
    if not is_foreign and not any(words in details for words in _SILENT):
        return None
    # Through a proxy the answer may be the proxy's.
    if proxy_variable(target, os.environ):
        return None
    speaks_http = _answers_http(target)
    if not (is_foreign or speaks_http):
        return None
    what = "HTTP and not gRPC" if speaks_http else "another protocol than gRPC"
    return BadConfig(
        "NOT_GRPC",
        f"{target} speaks {what}: give HOST:PORT of the server's gRPC port (Triton's --grpc-port is 8001 where its "
        "HTTP port is 8000)",
        details,
    )


def proxy_hint(target: str) -> str:
    """A remedy to add to an error of the transport where a proxy stands between, else nothing."""
    name = "" if is_loopback(target) else proxy_variable(target, os.environ)
    return (
        f"; the request went through the proxy that the variable {name} names: add its host to no_proxy" if name else ""
    )


def _answers_http(target: str) -> bool:
    address = address_of(target)
    if address is None:
        return False
    try:
        with socket.create_connection(address, _PROBE_LIMIT_S) as plain:
            plain.settimeout(_PROBE_LIMIT_S)
            plain.sendall(_QUESTION)
            return plain.recv(5) == b"HTTP/"
    except OSError:
        return False
