"""TLS at both ends: a server's certificates, read again when they change; a client's; and why a handshake failed."""

from __future__ import annotations

import logging
import os
import ssl
import threading
from pathlib import Path
from typing import Any

import grpc

from services.base.errors import BadConfig
from services.base.process.settings import Settings

_LOG = logging.getLogger(__name__)


_HTTP2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"


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
