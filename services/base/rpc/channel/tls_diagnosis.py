"""Why a TLS handshake failed, in words."""

from __future__ import annotations

import socket
import ssl
import time

from services.base.errors import BadConfig
from services.base.process.settings import Settings
from services.base.rpc.channel.tls import _HTTP2_HELLO, _no_password

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
