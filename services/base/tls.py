"""TLS at both ends: a server's certificates, read again when they change; a client's; and why a handshake failed."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import grpc

from services.base.errors import BadConfig
from services.base.settings import Settings

_LOG = logging.getLogger(__name__)
_HTTP2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_PROBE_LIMIT_S = 3.0
# A server that is going down also hangs up once.
_PROBE_PAUSE_S = 0.3

# All that gRPC knows of a server that hangs up before its first word.
_SAYS_NOTHING = "Socket closed"

# What gRPC says of a failed handshake -> what it means. The first that is found counts.
_HANDSHAKES = (
    (
        "certificate has expired",
        "CERTIFICATE_EXPIRED",
        "the server's certificate has expired: renew the files that its --tls-cert and --tls-key name",
    ),
    (
        "certificate is not yet valid",
        "CERTIFICATE_NOT_YET_VALID",
        "the server's certificate is not valid yet: set the clocks of both machines",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "CERTIFICATE_UNTRUSTED",
        "the server's certificate is of no CA that this client trusts: set VISEMILL_TLS_CA to the PEM file of its CA",
    ),
    (
        "Hostname Verification Check failed",
        "CERTIFICATE_OTHER_NAME",
        "the server's certificate is for another name: connect by a name that it holds, or add this one to it",
    ),
    (
        "WRONG_VERSION_NUMBER",
        "SERVER_WITHOUT_TLS",
        "the server speaks no TLS: unset VISEMILL_TLS_CA and VISEMILL_TLS_CERT, or start it with --tls-cert",
    ),
)


def pem(path: str, setting: str) -> bytes | None:
    """A PEM file's bytes, None for no path. Raises BadConfig NO_CERTIFICATE."""
    if not path:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadConfig("NO_CERTIFICATE", f"{setting}={path!r} cannot be read: {error.strerror}") from error


def client_credentials(values: Settings) -> grpc.ChannelCredentials | None:
    """Of a channel, None where the settings name no TLS. Raises BadConfig NO_CERTIFICATE or BAD_CERTIFICATE."""
    if not (values.tls_ca or values.tls_cert):
        return None
    root = pem(values.tls_ca, "VISEMILL_TLS_CA")
    key, chain = pem(values.tls_key, "VISEMILL_TLS_KEY"), pem(values.tls_cert, "VISEMILL_TLS_CERT")
    _check_pair(values.tls_cert, values.tls_key)
    _check_ca(values.tls_ca, "VISEMILL_TLS_CA")
    return grpc.ssl_channel_credentials(root, key, chain)


def client_files(values: Settings) -> tuple[object, ...]:
    """What differs once a client's files have been replaced."""
    return tuple(_stamp_of(path) for path in (values.tls_ca, values.tls_cert, values.tls_key) if path)


class ServerCertificates:
    """A server's certificate, key and its clients' CA, from files that may be replaced while it serves."""

    def __init__(self, cert: str, key: str, client_ca: str = "") -> None:
        self._cert, self._key, self._client_ca = cert, key, client_ca
        self._changing = threading.Lock()
        self._seen = self._stamp()
        self._first = self._read()

    def credentials(self) -> grpc.ServerCredentials:
        """Raises BadConfig when the files cannot be read or do not belong together."""
        return grpc.dynamic_ssl_server_credentials(
            self._first,
            self._changed,  # type: ignore[arg-type] # None keeps what there is
            require_client_authentication=bool(self._client_ca),
        )

    def _read(self) -> grpc.ServerCertificateConfiguration:
        key, chain = pem(self._key, "--tls-key"), pem(self._cert, "--tls-cert")
        root = pem(self._client_ca, "--tls-client-ca")
        _check_pair(self._cert, self._key)
        _check_ca(self._client_ca, "--tls-client-ca")
        return grpc.ssl_server_certificate_configuration([(key or b"", chain or b"")], root_certificates=root)

    def _changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Asked at every handshake: the new files, None while they are those of before or cannot be used."""
        with self._changing:
            stamp = self._stamp()
            if stamp == self._seen:
                return None
            try:
                read = self._read()
            except BadConfig as error:
                # A key may be in place before its certificate: the next handshake looks again.
                _LOG.warning("the certificates have changed and cannot be used, the old ones stay: %s", error)
                return None
            self._seen = stamp
            _LOG.info("certificates read again from %s", self._cert)
            return read

    def _stamp(self) -> tuple[Any, ...]:
        return tuple(_stamp_of(path) for path in (self._cert, self._key, self._client_ca) if path)


def meaning_of_handshake(details: str) -> BadConfig | None:
    """What the transport's words about a failed handshake mean; None when they are about something else."""
    for words, reason, message in _HANDSHAKES:
        if words in details:
            return BadConfig(reason, message, details)
    return None


def refusal_of(details: str, target: str, values: Settings) -> BadConfig | None:
    """Why TLS between this client and target fails, if that is what the transport's words come from."""
    return meaning_of_handshake(details) or (why_refused(target, values) if _SAYS_NOTHING in details else None)


def why_refused(target: str, values: Settings) -> BadConfig | None:
    """Why a server hangs up before it has said a word, found out by a handshake; None when that is not why.

    gRPC itself says no more than "Socket closed" when a server wants TLS, or another client certificate.
    """
    address = address_of(target)
    if address is None or not _hangs_up(address, values):
        return None
    time.sleep(_PROBE_PAUSE_S)
    if not _hangs_up(address, values):
        return None
    if not (values.tls_ca or values.tls_cert):
        return BadConfig("SERVER_WANTS_TLS", f"{target} speaks TLS: set VISEMILL_TLS_CA to the PEM file of its CA")
    if not values.tls_cert:
        message = f"{target} wants a client certificate: set VISEMILL_TLS_CERT and VISEMILL_TLS_KEY"
        return BadConfig("CLIENT_CERTIFICATE_MISSING", message)
    return BadConfig(
        "CLIENT_CERTIFICATE_REFUSED",
        f"{target} refuses the certificate {values.tls_cert}: it has expired, or is not of the CA that the server's "
        "--tls-client-ca names",
    )


def _hangs_up(address: tuple[str, int], values: Settings) -> bool:
    """Whether TLS is agreed upon and then no HTTP/2 follows; for a client without TLS, whether TLS is agreed upon."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Nothing is sent or believed here: whom the server trusts is asked, not whether it is trusted.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        if values.tls_cert:
            context.load_cert_chain(values.tls_cert, values.tls_key, password=_no_password)
        with socket.create_connection(address, _PROBE_LIMIT_S) as plain, context.wrap_socket(plain) as secure:
            if not (values.tls_ca or values.tls_cert):
                return True
            secure.settimeout(_PROBE_LIMIT_S)
            secure.sendall(_HTTP2_HELLO)
            return not secure.recv(1)
    except ssl.SSLError as error:
        return "ALERT" in str(error.reason)
    except OSError:
        return False


def address_of(target: str) -> tuple[str, int] | None:
    """The first host and port of a target; None for one that has none, such as unix:."""
    scheme, _, rest = target.rpartition("///")
    first = (rest if scheme in ("", "dns:") else "").removeprefix("ipv4:").removeprefix("ipv6:").partition(",")[0]
    host, _, port = first.rpartition(":")
    return (host.strip("[]"), int(port)) if host and port.isdecimal() and not host.startswith("unix") else None


def _check_pair(cert: str, key: str) -> None:
    """Raises BadConfig BAD_CERTIFICATE."""
    if not cert:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=_no_password)
    except (OSError, ValueError) as error:
        message = f"{cert} and {key} are no certificate and its key, in PEM and without a password: {error}"
        raise BadConfig("BAD_CERTIFICATE", message) from error


def _check_ca(path: str, setting: str) -> None:
    if not path:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(path)
    except OSError as error:
        raise BadConfig("BAD_CERTIFICATE", f"{setting}={path!r} holds no certificate in PEM: {error}") from error


def _no_password() -> str:
    """Else OpenSSL would ask for one on the terminal."""
    return ""


def _stamp_of(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - follows the link that a renewed secret is swapped by
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size
