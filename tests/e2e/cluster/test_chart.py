"""The chart on a real cluster: installed, asked, changed, taken away; and what its accounts may not do."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from chart_services import CHART, SERVICES
from grid_records import MadeClip, write_shards

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ("worker", "triton", "orchestrator")
RELEASE = "visemill"
SOUND_HZ = 8000
ONLY_ORCHESTRATOR = {"services": {name: {"enabled": False} for name in SERVICES if name != "orchestrator"}}


@dataclass(frozen=True)
class Release:
    """The chart in a namespace that enforces the restricted level."""

    cluster: Any
    namespace: str
    folder: Path

    def helm(self, command: str, *words: object, values: dict[str, Any] | None = None, code: int | None = 0) -> str:
        return self.cluster.helm(
            command, RELEASE, *words, *self._values(values), "--namespace", self.namespace, code=code
        )

    def install(self, values: dict[str, Any] | None = None, command: str = "install") -> str:
        return self.helm(command, CHART, "--wait", "--timeout", "300s", values=values or {})

    def template(self, values: dict[str, Any]) -> str:
        return self.helm("template", CHART, values=values)

    def _values(self, values: dict[str, Any] | None) -> list[object]:
        if values is None:
            return []
        image = {"registry": self.cluster.images.registry, "pullPolicy": "IfNotPresent"}
        path = self.folder / "values.yaml"
        path.write_text(yaml.safe_dump({"image": image, **values}))
        return ["--values", CHART / "values-trial.yaml", "--values", path]

    def kubectl(self, *words: object, stdin: str = "", code: int | None = 0) -> str:
        return self.cluster.kubectl("--namespace", self.namespace, *words, stdin=stdin, code=code)

    def pods(self, service: str) -> list[dict[str, Any]]:
        """Those that are not on their way out."""
        selector = f"app.kubernetes.io/component={service}"
        found = self.cluster.get("pods", "--namespace", self.namespace, "--selector", selector)["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


@pytest.fixture(scope="module")
def new_release(
    cluster: Any, new_namespace: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Release]]:
    cluster.load(*IMAGES)
    made: list[Release] = []

    def make() -> Release:
        made.append(Release(cluster, new_namespace(), tmp_path_factory.mktemp("release")))
        return made[-1]

    yield make
    for release in made:
        release.helm("uninstall", "--ignore-not-found", "--wait", code=None)


@pytest.fixture(scope="module")
def release(new_release: Callable[[], Release]) -> Release:
    """The whole chart, installed; every Deployment is ready."""
    made = new_release()
    made.install()
    return made


def test_every_deployment_is_ready_and_helm_test_passes(release: Release) -> None:
    """Over 20 s with its fixture: images are loaded, every server starts."""
    deployments = release.cluster.get("deployments", "--namespace", release.namespace)["items"]
    ready = {one["metadata"]["name"]: one["status"].get("readyReplicas") for one in deployments}
    assert ready == dict.fromkeys((f"visemill-{name}" for name in SERVICES), 1)
    told = release.helm("test", "--logs")
    assert "Phase:          Succeeded" in told
    assert [line.split()[1].partition(":")[0] for line in told.splitlines() if line.startswith("serves ")] == [
        f"visemill-{name}" for name in SERVICES
    ]


def test_the_restricted_level_has_nothing_to_say(release: Release) -> None:
    """Everything that the chart can make, as the API server judges it."""
    everything = {
        "minio": {"enabled": True, "image": "minio:1", "secretKey": "12345678"},
        "s3": {"existingSecret": "s"},
    }
    made = release.template(everything)
    argv = [*release.cluster.prefix, "kubectl", "--namespace", release.namespace]
    argv += ["apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-"]
    env = {**os.environ, **release.cluster.environment}
    answer = subprocess.run(argv, input=made, capture_output=True, text=True, env=env, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    privileged = made.replace("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true")
    answer = subprocess.run(argv, input=privileged, capture_output=True, text=True, env=env, check=False)
    assert "violate PodSecurity" in answer.stderr


def test_a_change_of_settings_rolls_the_pods_and_a_rollback_rolls_them_back(release: Release) -> None:
    """Over 20 s: every server starts twice more, and ends in order."""

    def level() -> set[str]:
        name = json.loads(release.kubectl("get", "configmap", "visemill-settings", "-o", "json"))
        return {name["data"]["VISEMILL_LOG_LEVEL"]}

    before = {pod["metadata"]["name"] for pod in release.pods("landmarks")}
    release.install({"settings": {"logLevel": "debug"}}, command="upgrade")
    assert level() == {"debug"}
    assert not before & {pod["metadata"]["name"] for pod in release.pods("landmarks")}
    release.helm("rollback", 1, "--wait", "--timeout", "300s")
    assert level() == {"info"}
    assert "Succeeded" in release.helm("test")


MAY = {
    "worker": set(),
    "orchestrator": {
        *(f"{verb} jobs.batch" for verb in ("list", "watch", "create", "patch", "delete")),
        *(f"{verb} pods" for verb in ("list", "delete")),
        *("get pods/log", "list events", "get nodes"),
    },
}
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")
RESOURCES = (
    *("jobs.batch", "pods", "pods/log", "pods/exec", "events", "nodes", "secrets", "configmaps", "services"),
    *("deployments.apps", "serviceaccounts", "serviceaccounts/token", "roles.rbac.authorization.k8s.io", "namespaces"),
)


@pytest.mark.parametrize("account", MAY)
def test_what_an_account_may_do_is_a_short_list(release: Release, account: str) -> None:
    """Every verb on every resource that counts, asked of the API server in one go."""
    user = f"system:serviceaccount:{release.namespace}:visemill-{account}"
    asked = [(verb, resource) for verb in VERBS for resource in RESOURCES]
    reviews = [review(user, release.namespace, verb, resource) for verb, resource in asked]
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": reviews})
    told = release.kubectl("create", "-f", "-", "-o", r"jsonpath={.status.allowed}{'\n'}", stdin=body)
    may = {f"{verb} {resource}" for (verb, resource), yes in zip(asked, told.split(), strict=True) if yes == "true"}
    assert may == MAY[account]


def review(user: str, namespace: str, verb: str, resource: str) -> dict[str, Any]:
    whole, _, sub = resource.partition("/")
    name, _, group = whole.partition(".")
    attributes = {"namespace": namespace, "verb": verb, "group": group, "resource": name, "subresource": sub}
    groups = ["system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    spec = {"user": user, "groups": groups, "resourceAttributes": attributes}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("worker", ("get", "pods")),
        ("worker", ("create", "job", "mine", "--image=x")),
        ("worker", ("delete", "pods", "--all")),
        ("orchestrator", ("get", "secret", "visemill-s3")),
        ("orchestrator", ("delete", "deployment", "visemill-landmarks")),
        ("orchestrator", ("run", "mine", "--image=x")),
        ("orchestrator", ("delete", "node", "--all")),
        ("orchestrator", ("create", "token", "visemill-worker")),
        ("orchestrator", ("get", "pods", "--namespace=kube-system")),
        ("orchestrator", ("delete", "pods", "--all", "--namespace=default")),
        ("orchestrator", ("create", "job", "mine", "--image=x", "--namespace=default")),
    ],
)
def test_what_is_not_on_it_is_refused(release: Release, account: str, words: tuple[str, ...]) -> None:
    user = f"system:serviceaccount:{release.namespace}:visemill-{account}"
    assert "forbidden" in release.kubectl(f"--as={user}", *words, code=1).lower()


def test_pods_but_the_orchestrators_hold_no_token(release: Release) -> None:
    look = ("ls", "/var/run/secrets/kubernetes.io/serviceaccount")
    for service in SERVICES:
        pod = release.pods(service)[0]["metadata"]["name"]
        told = release.kubectl("exec", pod, "--", *look, code=0 if service == "orchestrator" else 2)
        assert ("token" in told.split()) == (service == "orchestrator")


def test_nothing_can_be_written_but_below_tmp(release: Release) -> None:
    pod = release.pods("landmarks")[0]["metadata"]["name"]
    assert release.kubectl("exec", pod, "--", "id", "-u").strip() == "10001"
    for path in ("/opt/visemill/x", "/x", "/etc/x"):
        told = release.kubectl("exec", pod, "--", "sh", "-c", f"echo > {path}", code=None)
        assert "Read-only file system" in told
    release.kubectl("exec", pod, "--", "sh", "-c", "echo > /tmp/x")


def test_another_system_has_sound_decoded_by_what_the_server_says_of_itself(release: Release, tmp_path: Path) -> None:
    sound, text = tmp_path / "tone.wav", tmp_path / "text.wav"
    samples_T = (np.sin(2 * np.pi * 440 * np.arange(SOUND_HZ) / SOUND_HZ) * 20_000).astype("<i2")
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_HZ)
        file.writeframes(samples_T.tobytes())
    text.write_text("not a sound")
    (pod,) = release.pods("audio")
    client = Path(__file__).with_name("reflecting_client.py")
    target = f"{pod['status']['podIP']}:50051"
    said = json.loads(release.cluster.run(sys.executable, "-I", client, target, sound, text))
    assert "visemill.v1.AudioService" in said["services"] and not said["ours"]
    assert (said["info"]["sample_rate_hz"], said["info"]["codec"]) == (SOUND_HZ, "pcm_s16le")
    # Full scale of 16 bits is -1..1.
    assert said["samples"] == hashlib.sha256((samples_T / np.float32(32768)).astype("<f4").tobytes()).hexdigest()
    assert int(said["facts"]["num_samples"]) == SOUND_HZ
    assert said["refused"] == "INVALID_ARGUMENT"


def test_what_is_uninstalled_leaves_nothing(new_release: Callable[[], Release]) -> None:
    release = new_release()
    before = left_of(release)
    release.install(ONLY_ORCHESTRATOR)
    assert len(left_of(release)) > len(before)
    release.helm("uninstall", "--wait", "--timeout", "120s")
    release.cluster.wait("its objects to go", lambda: left_of(release) == before, 60)


def test_a_training_that_another_system_submits_gets_the_pods_that_the_chart_says(
    new_release: Callable[[], Release], store: Any, tmp_path: Path
) -> None:
    """Over 20 s: an orchestrator starts, plans a training without torch, and makes its Job. No node has the image."""
    release, bucket = new_release(), store.new_bucket()
    write_shards(tmp_path / "records", {"train": [[MadeClip("s1", "a"), MadeClip("s2", "a")]]})
    roots = [store.put(tmp_path / "records", bucket, "in"), f"s3://{bucket}/out"]
    sizes = {"podsCpu": 0.25, "podsMemoryMib": 512, "podsShmMib": 128, "nodeSelector": "kubernetes.io/os=linux"}
    release.install(ONLY_ORCHESTRATOR | {"s3": {"roots": [f"s3://{bucket}"]}, "training": sizes})
    words = ("get", "service", "visemill-orchestrator", "-o", "jsonpath={.spec.clusterIP}")
    address = f"{release.kubectl(*words)}:50051"

    def ask(*words: str) -> dict[str, Any]:
        client = [sys.executable, "-I", Path(__file__).with_name("plain_training_client.py"), ROOT / "protos"]
        answer: dict[str, Any] = json.loads(release.cluster.run(*client, address, *words))
        return answer

    submitted = ask("submit", "grid-ctc", *roots, "--num_ranks=4", "--ranks-per-pod=2", "--min_ranks=2")
    assert (submitted["num_ranks"], submitted["ours"]) == (4, [])

    def jobs() -> list[dict[str, Any]]:
        selector = "app.kubernetes.io/component=training"
        found: list[dict[str, Any]] = release.cluster.get("jobs", "-n", release.namespace, "-l", selector)["items"]
        return found

    (job,) = release.cluster.wait("its Job", jobs, 60)
    assert job["spec"]["completions"] == 2
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert container["image"] == release.cluster.images.name("training")
    assert container["resources"]["limits"] == {"cpu": "250m", "memory": "512Mi"}
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "128Mi"}} in spec["volumes"]
    assert ask("cancel", submitted["id"])["phase"] in ("RUN_PHASE_CANCELLING", "RUN_PHASE_CANCELLED")
    release.cluster.wait("the end of its Job", lambda: not jobs(), 60)


def left_of(release: Release) -> set[str]:
    """All that is in the namespace, and what of the cluster names it; what Kubernetes makes of itself left out."""
    kinds = release.kubectl("api-resources", "--verbs=list", "--namespaced", "-o", "name").split()
    own = {kind for kind in kinds if not kind.startswith(("events", "endpoint", "leases", "controllerrevisions"))}
    words = ("get", ",".join(sorted(own)), "--ignore-not-found", "-o", "name")
    found = set(release.kubectl(*words).split())
    of_cluster = "clusterroles,clusterrolebindings,priorityclasses"
    mark = f"{release.namespace}-visemill"
    return found | {name for name in release.kubectl("get", of_cluster, "-o", "name").split() if mark in name}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A CA and one certificate for every Service, as a Secret of type kubernetes.io/tls holds them."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca")
    names = ",".join(f"DNS:visemill-{service}" for service in SERVICES)
    (folder / "names").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.csr", "-subj", "/CN=visemill")
    signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl("x509", "-req", "-in", "tls.csr", "-out", "tls.crt", *signed)
    return {name: base64.b64encode((folder / name).read_bytes()).decode() for name in ("ca.crt", "tls.crt", "tls.key")}


def test_with_mutual_tls_services_know_each_other_and_nobody_else(
    new_release: Callable[[], Release], certificates: dict[str, str]
) -> None:
    """Over 20 s: every server of a second chart starts."""
    release = new_release()
    metadata = {"name": "certs", "namespace": release.namespace}
    release.cluster.apply(
        {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "data": certificates}
    )
    release.install({"tls": {"enabled": True, "existingSecret": "certs"}})
    # Features are ready only once Triton has known them, and they it.
    assert release.helm("test", "--logs").count("serves visemill-") == len(SERVICES)
    pod = release.pods("orchestrator")[0]["metadata"]["name"]
    stranger = ("env", "-u", "VISEMILL_TLS_CERT", "-u", "VISEMILL_TLS_KEY", "visemill", "health")
    told = release.kubectl("exec", pod, "--", *stranger, "visemill-landmarks:50051", code=78)
    assert "CLIENT_CERTIFICATE_MISSING" in told
    plain = ("env", "-u", "VISEMILL_TLS_CA", *stranger[1:], "visemill-decode:50051")
    assert "SERVER_WANTS_TLS" in release.kubectl("exec", pod, "--", *plain, code=78)
