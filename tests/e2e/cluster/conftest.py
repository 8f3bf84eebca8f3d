"""A real Kubernetes for the tests below this folder, with the project's images, MinIO and namespaces.

By default a cluster of these tests' own, one for each worker of pytest-xdist, of the script that VISEMILL_E2E_CLUSTER
names (default: cluster/cluster of the test data), which needs root. One that is up already in VISEMILL_CLUSTER_DIR is
used and left up. With VISEMILL_E2E_KUBECONFIG the cluster of that file, whose nodes have or can pull the images of
VISEMILL_E2E_REGISTRY and reach the S3 store of AWS_ENDPOINT_URL_S3, as this machine does; then nothing is built, loaded
or killed. What this machine cannot do is skipped, and fails where CI is set.

Fixtures, of the session unless said:

    cluster         Cluster. `kubectl(*words)`, `get(*words)` (parsed), `apply(*objects)`, `helm(*words)`, `run(*argv)`,
                    `prefix` and `environment` for any command that must reach it; `load(*services)`: images onto
                    every node; `nodes(n)`: at least so many; `wait(what, call)`; `script(*words)`: kill-node,
                    start-node, kill-apiserver, metrics, kwok, ctr, ..., skips where the cluster is not the tests' own
    images          Images. `build(service)` once a session, `name(service)`: "visemill-worker:<version>"
    store           Store: the S3 server as pods see it. `environment`, `new_bucket()`, `put(folder, bucket, prefix)`,
                    `get(bucket, prefix, folder)`, `names(bucket, prefix)`, `first(bucket, prefix, part)`: the first
                    name with that part, waited for
    new_namespace   makes a namespace that enforces the restricted pod security level and holds the Secret `visemill-s3`
    namespace       (of the function) the name of one
    kube_visemill   the command line (`Visemill` of tests/e2e/conftest.py) inside the cluster's network, with its
                    KUBECONFIG and the store's keys
    models_claim    (of the function) a folder of this machine that pods read at /models, by the claim `models`
    claim_models    (of the function) claim_models(folder): the same of a folder that is there
    figure          (of the function) figure(text): prints a line that is seen
    restricted_pod  a Pod's object that the restricted level takes: restricted_pod(name, service, *args, **of_container)
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import tomllib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from own_cluster import (
    cannot,
    discard_images,
    install_commands,
    is_up,
    place,
    require_space,
    spare_other_networks,
)

ROOT = Path(__file__).resolve().parents[3]
ARCHIVES = ROOT / "build" / "images"
SECRET = "visemill-s3"
LIMIT_S = 600
# Of node-0, where the script puts MinIO.
MINIO = {
    "AWS_ENDPOINT_URL_S3": "http://10.244.0.1:9000",
    "AWS_ACCESS_KEY_ID": "visemill",
    "AWS_SECRET_ACCESS_KEY": "visemill-secret",
    "AWS_REGION": "us-east-1",
}


class Images:
    """The project's images. registry: where another cluster gets them from; empty: they are built here."""

    def __init__(self, registry: str = "") -> None:
        self.registry = registry
        self.version: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        self._built: dict[str, Path] = {}

    def name(self, service: str) -> str:
        """As a Pod names it."""
        return f"{self.registry}visemill-{service}:{self.version}"

    def build(self, service: str) -> Path:
        """The archive, built unless nothing has changed. Skips (in CI: fails) where no image can be built."""
        if service not in self._built:
            argv = [sys.executable, str(ROOT / "scripts" / "build_images.py"), service]
            done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
            if "no image can be built" in done.stderr or "mmdebstrap is missing" in done.stderr:
                cannot(done.stderr.strip()[-500:])
            assert done.returncode == 0, f"make images-{service}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
            self._built[service] = ARCHIVES / f"visemill-{service}.tar"
        return self._built[service]


class Cluster:
    """One cluster, seen by kubectl, helm and any command that runs where it can be reached.

    script: what made it, empty where somebody else did. prefix: put before a command so that it reaches the cluster.
    """

    def __init__(self, images: Images, kubeconfig: Path, script: Sequence[str] = (), netns: str = "") -> None:
        self.images = images
        self.kubeconfig = kubeconfig
        self.prefix = ["nsenter", f"--net=/run/netns/{netns}"] if netns else []
        tools = f"{ROOT / '.tools'}{os.pathsep}{os.environ['PATH']}"
        self.environment = {"KUBECONFIG": str(kubeconfig), "PATH": tools}
        self._script = list(script)
        self._loaded: set[str] = set()

    @property
    def script_words(self) -> tuple[str, ...]:
        """The cluster's script, as a command; empty on a cluster that is not these tests' own."""
        return tuple(self._script)

    @property
    def own(self) -> bool:
        """Whether its nodes and its API server may be killed."""
        return bool(self._script)

    def start(self, *argv: object, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """A command in the cluster's network, running; whoever starts it ends it."""
        env = {**os.environ, **self.environment, **(environment or {})}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*self.prefix, *map(str, argv)], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env
        )

    def run(
        self, *argv: object, stdin: str = "", environment: Mapping[str, str] | None = None, code: int | None = 0
    ) -> str:
        """What a command in the cluster's network prints. code: how it must end; None: anyhow."""
        with self.start(*argv, environment=environment) as process:
            try:
                text, stderr = process.communicate(stdin, timeout=LIMIT_S)
            finally:
                process.kill()
        assert code in (None, process.returncode), (
            f"{argv}: exit {process.returncode}\n{text[-3000:]}\n{stderr[-3000:]}"
        )
        return text if code == 0 else text + stderr

    def kubectl(self, *words: object, stdin: str = "", code: int | None = 0) -> str:
        return self.run("kubectl", *words, stdin=stdin, code=code)

    def get(self, *words: object) -> dict[str, Any]:
        """`kubectl get`, parsed."""
        found: dict[str, Any] = json.loads(self.kubectl("get", *words, "-o", "json"))
        return found

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Server-side apply of objects that name their namespace."""
        several = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(several))

    def helm(self, *words: object, code: int | None = 0) -> str:
        return self.run("helm", *words, code=code)

    def wait(self, what: str, call: Callable[[], Any], limit_s: float = 120) -> Any:
        """The first true answer of the call; fails after the limit."""
        until_s = time.monotonic() + limit_s
        while time.monotonic() < until_s:
            if answer := call():
                return answer
            time.sleep(0.25)
        pytest.fail(
            f"{what}: not within {limit_s} s\n{self.kubectl('get', 'pods,jobs,events', '-A', code=None)[-6000:]}"
        )

    def script(self, *words: object) -> str:
        """A command of the cluster's script. Skips on a cluster that is not these tests' own."""
        if not self.own:
            pytest.skip(f"{words[0]} needs a cluster of these tests' own")
        argv = [*self._script, *map(str, words)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        assert done.returncode == 0, f"cluster {words}: exit {done.returncode}\n{done.stderr[-3000:]}"
        return done.stdout

    def restart(self, name: str, *flags: str) -> None:
        """One of the control plane's processes anew, as it was started, with these flags after its own."""
        if not self.own:
            return
        pid_file = self.kubeconfig.parent / "pids" / name
        old = Path("/proc") / pid_file.read_text().strip()
        argv = (old / "cmdline").read_text().split("\0")[:-1]
        os.kill(int(old.name), signal.SIGTERM)
        self.wait(f"the end of {name}", lambda: not (old / "exe").exists(), 30)
        with (self.kubeconfig.parent / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*self.prefix, *argv, *flags], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        pid_file.write_text(f"{process.pid}\n")
        self.wait("the API server", lambda: "ok" in self.kubectl("get", "--raw", "/readyz", code=None), 60)

    def is_running(self, name: str) -> bool:
        """Whether one of its processes is there, such as kubelet-1. Of a cluster that is not the tests' own: True."""
        if not self.own:
            return True
        try:
            return Path(f"/proc/{self._pid(name)}").exists()
        except FileNotFoundError:
            # The cluster's script has ended it.
            return False

    def _pid(self, name: str) -> int:
        return int((self.kubeconfig.parent / "pids" / name).read_text())

    @contextlib.contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """One of the cluster's processes, such as kubelet-1, stands still meanwhile. Skips as `script` does."""
        if not self.own:
            pytest.skip(f"{name} is stopped on a cluster of these tests' own only")
        pid = self._pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def nodes(self, count: int) -> None:
        """At least so many, with the images that are loaded."""
        if self._num_nodes() < count:
            self.script("up", count)
            # Else images would go onto those alone that have come by then.
            self.wait(f"{count} nodes", lambda: self._num_nodes() >= count, 120)
            again, self._loaded = self._loaded, set()
            self.load(*sorted(again))

    def _num_nodes(self) -> int:
        return len(self.get("nodes", "-l", "type!=kwok")["items"])

    def load(self, *services: str) -> None:
        """Their images onto every node that has not got them."""
        for service in services:
            if self.own and service not in self._loaded:
                archive = self.images.build(service)
                with tarfile.open(archive) as tar:
                    digest = json.loads(tar.extractfile("index.json").read())["manifests"][0]["digest"]
                name = f"docker.io/library/{self.images.name(service)}"
                for node in range(self._num_nodes()):
                    rows = [row.split() for row in self.script("ctr", node, "images", "ls").splitlines()]
                    if not any(row[0] == name and digest in row for row in rows):
                        self.script("ctr", node, "images", "import", archive)
            self._loaded.add(service)


class Store:
    """An S3 server that pods reach. environment: what a process needs to reach it."""

    def __init__(self, cluster: Cluster, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._cluster = cluster

    def new_bucket(self) -> str:
        name = f"visemill-{uuid.uuid4().hex[:12]}"
        self._run("bucket", name)
        return name

    def put(self, folder: Path, bucket: str, prefix: str) -> str:
        """Every file below a folder; the root's URI."""
        self._run("put", folder, bucket, prefix)
        return f"s3://{bucket}/{prefix}"

    def get(self, bucket: str, prefix: str, folder: Path) -> Path:
        self._run("get", bucket, prefix, folder)
        return folder

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        """Of the objects below a prefix, without it."""
        return self._run("list", bucket, prefix).splitlines()

    def first(self, bucket: str, prefix: str, part: str) -> str:
        """The first name with that part, looked for ten times a second."""
        return self._run("await", bucket, prefix, part).strip()

    def _run(self, *words: object) -> str:
        program = Path(__file__).with_name("s3_trees.py")
        return self._cluster.run(sys.executable, program, *words, environment=self.environment)


@pytest.fixture(scope="session")
def images() -> Images:
    return Images(os.environ.get("VISEMILL_E2E_REGISTRY", ""))


@pytest.fixture(scope="session")
def cluster(images: Images, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """See this file's head. What was started is taken down; its nodes keep their images, but in CI."""
    given = os.environ.get("VISEMILL_E2E_KUBECONFIG")
    if given:
        yield Cluster(images, Path(given))
        return
    named = os.environ.get("VISEMILL_E2E_CLUSTER")
    script = Path(named) if named else request.getfixturevalue("testdata") / "cluster" / "cluster"
    if not script.is_file() or os.geteuid() != 0:
        cannot(f"no cluster: set VISEMILL_E2E_KUBECONFIG, or VISEMILL_E2E_CLUSTER to a script ({script}) and be root")
    install_commands()
    subprocess.run([sys.executable, str(ROOT / "scripts" / "fetch_tools.py")], check=True, capture_output=True)
    with place() as (folder, netns), pytest.MonkeyPatch.context() as patch:
        patch.setenv("VISEMILL_CLUSTER_DIR", str(folder))
        patch.setenv("VISEMILL_CLUSTER_NETNS", netns)
        stays = is_up(folder)
        found = Cluster(images, folder / "admin.kubeconfig", [str(script)], netns)
        try:
            if not stays:
                require_space(folder)
            found.script("up")
            yield found
        finally:
            if not stays:
                spare_other_networks(found.script, folder)
                found.script("down")
                if os.environ.get("CI"):
                    discard_images(folder)


@pytest.fixture(scope="session")
def store(cluster: Cluster) -> Store:
    """MinIO beside the cluster, or the store that the environment names for somebody else's."""
    if cluster.own:
        cluster.script("minio", "up")
        return Store(cluster, MINIO)
    if not os.environ.get("AWS_ENDPOINT_URL_S3"):
        cannot("no S3 store: set AWS_ENDPOINT_URL_S3 to one that pods and this machine reach, and its keys")
    return Store(cluster, {name: os.environ[name] for name in MINIO if name in os.environ})


@pytest.fixture(scope="session")
def new_namespace(cluster: Cluster, store: Store) -> Iterator[Callable[[], str]]:
    made: list[str] = []

    def make() -> str:
        name = f"visemill-{uuid.uuid4().hex[:8]}"
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        metadata = {"name": SECRET, "namespace": name}
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        made.append(name)
        cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": store.environment})
        return name

    yield make
    if made:
        cluster.kubectl("delete", "namespace", "--wait=false", *made, code=None)


@pytest.fixture
def namespace(new_namespace: Callable[[], str], cluster: Cluster) -> Iterator[str]:
    name = new_namespace()
    yield name
    cluster.kubectl("delete", "namespace", "--wait=false", name, code=None)


@pytest.fixture
def claim_models(cluster: Cluster, namespace: str) -> Iterator[Callable[[Path], None]]:
    if not cluster.own:
        pytest.skip("no node of another cluster has this machine's folders")
    name = f"{namespace}-models"

    def claim(folder: Path) -> None:
        both = {"storageClassName": "", "accessModes": ["ReadOnlyMany"]}
        volume = {**both, "capacity": {"storage": "1Mi"}, "hostPath": {"path": str(folder)}}
        volume["claimRef"] = {"namespace": namespace, "name": "models"}
        wanted = {**both, "volumeName": name, "resources": {"requests": {"storage": "1Mi"}}}
        metadata = {"name": "models", "namespace": namespace}
        cluster.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": volume})
        cluster.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": wanted})

    yield claim
    cluster.kubectl("delete", "persistentvolume", "--wait=false", name, code=None)


@pytest.fixture
def models_claim(claim_models: Callable[[Path], None], tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    # Of pods too, which are another user's.
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    claim_models(folder)
    return folder


@pytest.fixture(scope="session")
def kube_visemill(cluster: Cluster, store: Store, visemill_in: type[Any]) -> Any:
    class Inside(visemill_in):
        """Starts every command in the cluster's network."""

        def start(self, *words: object, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
            return super().start(*words, prefix=[*cluster.prefix, *prefix])

    return Inside({**cluster.environment, **store.environment})


@pytest.fixture
def figure(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    def say(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n    {text}")

    return say


@pytest.fixture(scope="session")
def restricted_pod(images: Images) -> Callable[..., dict[str, Any]]:
    def pod(name: str, service: str, *args: str, **of_container: Any) -> dict[str, Any]:
        who = {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        may = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        container = {
            "name": service,
            "image": images.name(service),
            "args": list(args),
            "envFrom": [{"secretRef": {"name": SECRET}}],
            "securityContext": may,
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "2Gi"}},
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
            "terminationMessagePolicy": "FallbackToLogsOnError",
            **of_container,
        }
        spec = {"restartPolicy": "Never", "securityContext": who, "automountServiceAccountToken": False}
        spec |= {"containers": [container], "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}]}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}

    return pod
