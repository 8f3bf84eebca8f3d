"""A features server follows its Triton server: without the model, with another's, unloaded, gone, back."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

HERE = Path(__file__).resolve().parent
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture(scope="module")
def server(triton: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A Triton server that has loaded nothing; its inception_v3 is a quick model under that name."""
    folder = tmp_path_factory.mktemp("models")
    model = Path(shutil.copytree(HERE / "faulty_model", folder / "inception_v3"))
    config = (model / "config.pbtxt").read_text()
    (model / "config.pbtxt").write_text(config.replace('name: "faulty"', 'name: "inception_v3"'))
    return triton(folder, "--model-control-mode=explicit")


@pytest.fixture
def features(server: Any) -> Iterator[str]:
    """The address of `features serve` before that server."""
    words = ["features", "serve", "--backend", "triton", "--triton", server.target, "--recheck-s", "0.2"]
    environment = {**os.environ, "VISEMILL_RPC_PATIENCE_S": "5"}
    argv = [sys.executable, "-m", "services", *words, "--num-children", "1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("listening on ").strip()
        process.terminate()
        assert process.wait(60) == 0


def test_it_serves_only_while_triton_serves_the_model(server: Any, features: str) -> None:
    with grpc.insecure_channel(features) as channel, server.client() as client:
        stub = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=240)

        def wait(status: int) -> str:
            """Until it is told; the reason that a check gives then."""
            assert any(answer.status == status for answer in watch)
            _, call = stub.Check.with_call(health_pb2.HealthCheckRequest(), timeout=5)
            return str(dict(call.trailing_metadata()).get("visemill-reason", ""))

        assert wait(NOT_SERVING) == "NO_MODEL"
        client.load_model("inception_v3")
        assert wait(SERVING) == ""
        client.unload_model("inception_v3")
        # While it goes it is not ready, then it is not there.
        assert wait(NOT_SERVING) in ("UNAVAILABLE", "NO_MODEL")
        client.load_model("inception_v3")
        assert wait(SERVING) == ""
        server.kill()
        assert wait(NOT_SERVING) == "UNAVAILABLE"
        server.start()
        client.load_model("inception_v3")
        assert wait(SERVING) == ""
        watch.cancel()
