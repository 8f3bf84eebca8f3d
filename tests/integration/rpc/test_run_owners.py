"""Over mutual TLS, a run belongs to the subject of its submitter's certificate."""

from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from visemill.v1 import runs_pb2, runs_pb2_grpc

from orchestrator.access.allowed import Allowed
from orchestrator.access.request import RunRequest, RunRoots
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.service.config import HostConfig
from orchestrator.service.host import RunHost
from orchestrator.service.owners import Owners
from orchestrator.service.record import Phase, Pinned, RunRecord
from orchestrator.service.registry import Registry
from orchestrator.service.servicer import registrar
from services.base.process.metrics import CallMetrics
from services.base.rpc.interceptor import CallInterceptor, Gate


@pytest.fixture
def stub_of(authority: Any, tmp_path: Path) -> Any:
    """A client's stub by the name in its certificate, of a server that has a run of CN=alice and one of nobody."""
    ca = authority(tmp_path, "ca")
    registry = Registry(str(tmp_path / "registry"))
    for name, owner in (("hers", "CN=alice"), ("old", "")):
        asked = RunRequest("grid", GridOptions(), RunRoots("/in", f"/{name}"))
        pinned = Pinned(name, "d", "/state", 1, 1)
        registry.save(RunRecord(asked, pinned, 1.0, 1, Phase.FINISHED, ended_at_s=4e9, owner=owner))
    host = RunHost(registry, Allowed(("/",)), HostConfig(owners=Owners(True, ("CN=ops",))))
    host.start()
    crt, key = ca.leaf("server")
    pair = (key.read_bytes(), crt.read_bytes())
    around = CallInterceptor(Gate(8), 60.0, CallMetrics())
    server = grpc.server(futures.ThreadPoolExecutor(2), interceptors=[around])
    registrar(host)(server)
    credentials = grpc.ssl_server_credentials([pair], ca.crt.read_bytes(), require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    channels = []

    def stub(name: str) -> Any:
        crt, key = ca.leaf(name)
        shown = grpc.ssl_channel_credentials(ca.crt.read_bytes(), key.read_bytes(), crt.read_bytes())
        channels.append(grpc.secure_channel(f"127.0.0.1:{port}", shown))
        return runs_pb2_grpc.RunServiceStub(channels[-1])

    yield stub
    for channel in channels:
        channel.close()
    server.stop(None).wait()
    host.stop()


def test_a_run_is_open_to_the_subject_that_submitted_it_and_to_operators(stub_of: Any) -> None:
    seen = {}
    for name in ("alice", "bob", "ops"):
        runs = stub_of(name).List(runs_pb2.ListRequest(), timeout=30).runs
        seen[name] = {run.name: run.owner for run in runs}
    assert seen == {"alice": {"hers": "CN=alice"}, "bob": {}, "ops": {"hers": "CN=alice", "old": ""}}
    (run,) = stub_of("alice").List(runs_pb2.ListRequest(), timeout=30).runs
    bobs = stub_of("bob")
    for call in (
        lambda: bobs.Get(runs_pb2.GetRequest(id=run.id), timeout=30),
        lambda: bobs.Cancel(runs_pb2.CancelRequest(id=run.id), timeout=30),
        lambda: list(bobs.Watch(runs_pb2.WatchRequest(id=run.id), timeout=30)),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            call()
        assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION  # type: ignore[attr-defined]
        assert "CN=bob" in refused.value.details() and "CN=alice" not in refused.value.details()  # type: ignore[attr-defined]
    assert stub_of("ops").Cancel(runs_pb2.CancelRequest(id=run.id), timeout=30).run.owner == "CN=alice"
