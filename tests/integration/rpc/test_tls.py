"""TLS and mutual TLS between real servers and clients: what works, and what each mistake is told as."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.base.errors import BadConfig
from services.base.process.settings import Settings
from services.base.rpc.channel.tls import ServerCertificates, client_credentials
from services.base.rpc.client import Remote, check_remote
from services.base.rpc.config import ServeConfig
from services.base.rpc.server import Server


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory, authority: Any) -> dict[str, Any]:
    """Two authorities and leaves of both."""
    folder = tmp_path_factory.mktemp("pki")
    ours, other = authority(folder, "ours"), authority(folder, "other")
    return {
        "ca": ours.crt,
        "other ca": other.crt,
        "server": ours.leaf("server"),
        "expired server": ours.leaf("expired-server", expired=True),
        "elsewhere": ours.leaf("elsewhere", "DNS:elsewhere.example"),
        "client": ours.leaf("client", "DNS:client"),
        "expired client": ours.leaf("expired-client", "DNS:client", expired=True),
        "other client": other.leaf("other-client", "DNS:client"),
    }


@contextmanager
def _served(pair: tuple[Path, Path] | None, client_ca: Path | None = None, health_listen: str = "") -> Iterator[str]:
    tls = {"tls_cert": str(pair[0]), "tls_key": str(pair[1])} if pair else {}
    tls |= {"tls_client_ca": str(client_ca or ""), "health_listen": health_listen}
    server = Server(ServeConfig(**tls), {})  # type: ignore[arg-type]
    address = server.start()
    try:
        yield address
    finally:
        server.stop()


@contextmanager
def _environment(monkeypatch: pytest.MonkeyPatch, **values: object) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for name, value in values.items():
            patch.setenv(f"VISEMILL_{name.upper()}", str(value))
        yield


def _client(pki: dict[str, Any], ca: str = "", pair: str = "") -> dict[str, object]:
    own = {"tls_cert": pki[pair][0], "tls_key": pki[pair][1]} if pair else {}
    return {**({"tls_ca": pki[ca]} if ca else {}), **own}


def test_a_client_with_the_right_authority_is_served(pki: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with _served(pki["server"]) as target, _environment(monkeypatch, **_client(pki, "ca")):
        check_remote(target, patience_s=5)


def test_both_sides_may_show_a_certificate(pki: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with _served(pki["server"], pki["ca"]) as target, _environment(monkeypatch, **_client(pki, "ca", "client")):
        check_remote(target, patience_s=5)


def test_probes_without_tls_have_a_port_of_their_own(pki: dict[str, Any], tmp_path: Path) -> None:
    probes = f"unix:{tmp_path / 'probes'}"
    with _served(pki["server"], pki["ca"], probes) as target:
        check_remote(probes, patience_s=5)
        with pytest.raises(BadConfig, match="SERVER_WANTS_TLS"):
            check_remote(target, patience_s=5)


def test_a_taken_port_for_probes_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        probes = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(BadConfig, match="CANNOT_LISTEN"):
            Server(ServeConfig(health_listen=probes), {}).start()


@pytest.mark.parametrize(
    ("server", "client", "reason"),
    [
        ("server", ("other ca", ""), "CERTIFICATE_UNTRUSTED"),
        ("expired server", ("ca", ""), "CERTIFICATE_EXPIRED"),
        ("elsewhere", ("ca", ""), "CERTIFICATE_OTHER_NAME"),
        ("server", ("", ""), "SERVER_WANTS_TLS"),
        ("", ("ca", ""), "SERVER_WITHOUT_TLS"),
    ],
)
def test_what_is_wrong_with_a_server_is_told_at_once(
    pki: dict[str, Any], monkeypatch: pytest.MonkeyPatch, server: str, client: tuple[str, str], reason: str
) -> None:
    with _served(pki[server] if server else None) as target, _environment(monkeypatch, **_client(pki, *client)):
        _refused_at_once(target, reason)


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        ("", "CLIENT_CERTIFICATE_MISSING"),
        ("expired client", "CLIENT_CERTIFICATE_REFUSED"),
        ("other client", "CLIENT_CERTIFICATE_REFUSED"),
    ],
)
def test_a_server_that_asks_for_certificates_takes_only_right_ones(
    pki: dict[str, Any], monkeypatch: pytest.MonkeyPatch, pair: str, reason: str
) -> None:
    with _served(pki["server"], pki["ca"]) as target, _environment(monkeypatch, **_client(pki, "ca", pair)):
        _refused_at_once(target, reason)


def _refused_at_once(target: str, reason: str) -> None:
    """By the check before a run, and by a call in its middle, which is made once: to retry cannot help."""
    with pytest.raises(BadConfig) as checked:
        # Longer than any suite lasts: whoever used it up would be seen.
        check_remote(target, patience_s=86_400)
    remote = Remote(target, None)
    calls = []

    def call() -> None:
        calls.append(target)
        remote.channel.unary_unary("/visemill.v1.Any/Call")(b"", timeout=5)

    with pytest.raises(BadConfig) as called, remote.channel:
        remote.retry_with_timeout(call)
    assert (checked.value.reason, called.value.reason) == (reason, reason)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("ca", "pair", "reason"),
    [
        # The handshake is done, and the server is no Triton.
        ("ca", "client", "SERVER_REFUSED"),
        ("other ca", "client", "CERTIFICATE_UNTRUSTED"),
        ("ca", "", "CLIENT_CERTIFICATE_MISSING"),
        ("ca", "expired client", "CLIENT_CERTIFICATE_REFUSED"),
    ],
)
def test_the_client_of_triton_tells_the_same(pki: dict[str, Any], ca: str, pair: str, reason: str) -> None:
    triton = pytest.importorskip("services.triton.client")
    values = Settings(**{name: str(path) for name, path in _client(pki, ca, pair).items()})  # type: ignore[arg-type]
    with _served(pki["server"], pki["ca"]) as target, pytest.raises(BadConfig) as refused:
        triton.TritonClient(target, "model", values=values)
    assert refused.value.reason == reason


def test_the_client_of_triton_takes_renewed_files_too(pki: dict[str, Any], tmp_path: Path) -> None:
    triton = pytest.importorskip("services.triton.client")
    crt, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    _put(pki["expired client"], crt, key)
    values = Settings(tls_ca=str(pki["ca"]), tls_cert=str(crt), tls_key=str(key))
    with _served(pki["server"], pki["ca"]) as target, triton._connected(target, values) as client:
        with pytest.raises(Exception, match="UNAVAILABLE"):
            client.is_server_live(client_timeout=5)
        _put(pki["client"], crt, key)
        # The handshake is done, and the server is no Triton.
        with pytest.raises(Exception, match="UNIMPLEMENTED"):
            client.is_server_live(client_timeout=5)


def test_a_server_that_hangs_up_for_other_reasons_is_still_only_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener that closes every connection speaks no TLS, so nothing is said about certificates."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def hang_up() -> None:
        while not stopping.is_set():
            try:
                listener.accept()[0].close()
            except OSError:
                return

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()
    try:
        with pytest.raises(Exception, match="REMOTE_DOES_NOT_ANSWER"):
            check_remote(f"127.0.0.1:{listener.getsockname()[1]}", patience_s=1)
    finally:
        stopping.set()
        listener.close()


def test_renewed_files_are_served_without_a_restart(
    pki: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a renewed secret comes: another certificate takes the place of one that clients no longer trust."""
    crt, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    _put(pki["expired server"], crt, key)
    with _served((crt, key)) as target, _environment(monkeypatch, **_client(pki, "ca")):
        with pytest.raises(BadConfig, match="CERTIFICATE_EXPIRED"):
            check_remote(target, patience_s=5)
        # The key first, so that for a moment the two do not belong together.
        _replace(pki["server"][1], key)
        with pytest.raises(BadConfig, match="CERTIFICATE_EXPIRED"):
            check_remote(target, patience_s=5)
        _replace(pki["server"][0], crt)
        check_remote(target, patience_s=5)


def test_a_client_takes_renewed_files_without_a_restart(
    pki: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One channel and one stub all along: certificate and CA are replaced, as a renewed secret comes."""
    ca, crt, key = tmp_path / "ca.crt", tmp_path / "tls.crt", tmp_path / "tls.key"
    _put(pki["expired client"], crt, key)
    _replace(pki["other ca"], ca)
    with (
        _served(pki["server"], pki["ca"]) as target,
        _environment(monkeypatch, tls_ca=ca, tls_cert=crt, tls_key=key),
        Remote(target).channel as channel,
    ):
        check = health_pb2_grpc.HealthStub(channel).Check

        def code() -> object:
            try:
                return check(health_pb2.HealthCheckRequest(), timeout=5).status
            except grpc.RpcError as error:
                return error.code()

        assert code() is grpc.StatusCode.UNAVAILABLE
        _replace(pki["ca"], ca)
        assert code() is grpc.StatusCode.UNAVAILABLE
        # The key first: for a moment the two do not belong together, and the old ones stay.
        _replace(pki["client"][1], key)
        assert code() is grpc.StatusCode.UNAVAILABLE
        _replace(pki["client"][0], crt)
        assert code() == health_pb2.HealthCheckResponse.SERVING


def test_a_call_in_its_middle_outlives_a_renewal(
    pki: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection of before is closed with its last call, and not under it."""
    crt, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    _put(pki["client"], crt, key)
    with (
        _served(pki["server"], pki["ca"]) as target,
        _environment(monkeypatch, tls_ca=pki["ca"], tls_cert=crt, tls_key=key),
        Remote(target).channel as channel,
    ):
        stub = health_pb2_grpc.HealthStub(channel)
        watched = stub.Watch(health_pb2.HealthCheckRequest(), timeout=60)
        assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
        _put(pki["client"], crt, key)
        assert stub.Check(health_pb2.HealthCheckRequest(), timeout=5).status == health_pb2.HealthCheckResponse.SERVING
        assert watched.is_active()
        watched.cancel()


def _put(pair: tuple[Path, Path], crt: Path, key: Path) -> None:
    _replace(pair[0], crt)
    _replace(pair[1], key)


def _replace(source: Path, target: Path) -> None:
    fresh = target.with_suffix(".new")
    fresh.write_bytes(source.read_bytes())
    os.replace(fresh, target)  # noqa: PTH105


def test_files_that_are_no_pair_are_refused_before_anything_listens(pki: dict[str, Any], tmp_path: Path) -> None:
    crt, key = pki["server"][0], pki["client"][1]
    with pytest.raises(BadConfig, match="BAD_CERTIFICATE"):
        ServerCertificates(str(crt), str(key))
    with pytest.raises(BadConfig, match="BAD_CERTIFICATE"):
        client_credentials(Settings(tls_cert=str(crt), tls_key=str(key)))
    garbage = tmp_path / "ca.pem"
    garbage.write_text("not a certificate")
    with pytest.raises(BadConfig, match=r"VISEMILL_TLS_CA.*holds no certificate"):
        client_credentials(Settings(tls_ca=str(garbage)))
