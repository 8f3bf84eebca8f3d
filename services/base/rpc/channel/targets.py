"""PURE: addresses of gRPC servers: what is one, which are of this machine, and which a proxy variable would reroute."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

# What gRPC resolves by itself; of any other scheme a person means an address of another kind.
_SCHEMES = ("dns:///", "dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "xds:///")
_PATHS = ("unix:", "unix-abstract:", "xds:///")
_FORM = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[^\s\[\]:/@?#]+):(?P<port>[0-9]{1,5})")
_PROXIES = ("grpc_proxy", "https_proxy", "http_proxy")
_DIRECT = ("no_grpc_proxy", "no_proxy")


def check_target(target: str, name: str) -> None:
    """Raises ValueError unless target is an address that gRPC can connect to. name: the flag it was given with."""
    scheme, rest = _split(target)
    if scheme in _PATHS and rest:
        return
    for part in rest.split(",") if scheme in ("ipv4:", "ipv6:") else [rest]:
        found = _FORM.fullmatch(part)
        if found is None or not 1 <= int(found["port"]) <= 65535:
            raise ValueError(
                f"{name} {target!r} {_trouble(part)}: give HOST:PORT of the gRPC port, such as {_like(part)}"
            )


def is_loopback(target: str) -> bool:
    """Whether every address of a target is this machine's by its form: 127.0.0.0/8, ::1, localhost, unix:."""
    scheme, rest = _split(target)
    if scheme in _PATHS:
        return scheme != "xds:///"
    parts = rest.split(",") if scheme in ("ipv4:", "ipv6:") else [rest]
    return all(_is_loopback_host(part.rpartition(":")[0] if ":" in part else part) for part in parts)


def proxy_variable(target: str, environment: Mapping[str, str]) -> str:
    """Name of the variable whose proxy gRPC would ask for this target, empty where it asks directly."""
    if is_loopback(target):
        return ""
    name = next((name for name in _PROXIES if environment.get(name)), "")
    host = _split(target)[1].partition(",")[0].rpartition(":")[0].strip("[]")
    excepted = next((environment[name] for name in _DIRECT if environment.get(name)), "")
    suffixes = [word.strip() for word in excepted.split(",") if word.strip()]
    return "" if any(host.endswith(suffix) for suffix in suffixes) else name


def _split(target: str) -> tuple[str, str]:
    scheme = next((scheme for scheme in _SCHEMES if target.startswith(scheme)), "")
    # "dns:8001" is a host and its port.
    if scheme == "dns:" and target.removeprefix("dns:").isdecimal():
        scheme = ""
    return scheme, target.removeprefix(scheme)


def _is_loopback_host(host: str) -> bool:
    host = host.strip("[]").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or (mapped is not None and mapped.is_loopback)


def _trouble(part: str) -> str:
    if not part.strip():
        return "is empty"
    if "://" in part:
        return f"begins with {part.partition('://')[0]}://, which an address of gRPC does not"
    if "/" in part or "@" in part or "?" in part:
        return "is no address"
    if part.count(":") > 1:
        return "holds an IPv6 address without [ ]"
    if ":" not in part:
        return "has no port"
    return "has no port from 1 to 65535" if part.partition(":")[0] else "has no host"


def _like(part: str) -> str:
    """An address as it may have been meant."""
    rest = part.partition("://")[2] or part
    rest = rest.partition("/")[0].rpartition("@")[2].strip()
    found = _FORM.fullmatch(rest)
    if found is not None and 1 <= int(found["port"]) <= 65535:
        return rest
    host = rest.partition(":")[0]
    return f"{host if re.fullmatch(r'[A-Za-z0-9.-]+', host) else '127.0.0.1'}:8001"
