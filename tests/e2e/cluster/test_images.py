"""Every image in a pod of the restricted level: nothing of root, nothing to write but /tmp, and the laptop's bytes."""

import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from pod_watch import PodWatch

ROOT = Path(__file__).resolve().parents[3]
ARCHIVES = ROOT / "build" / "images"
STAGES = "decode,landmarks,records"


@pytest.fixture
def pod_of(cluster, namespace, restricted_pod):
    """Runs a pod of a service's image, to its end or until it is ready; its object as the API last said it."""

    def run(name, service, *args, until=("Succeeded", "Failed"), **of_container):
        cluster.load(service)
        pod = restricted_pod(name, service, *args, **of_container)
        pod["metadata"]["namespace"] = namespace
        cluster.apply(pod)

        def seen():
            found = cluster.get("pod", name, "-n", namespace)
            ended = found["status"]["phase"] in ("Succeeded", "Failed")
            ready = any(state.get("ready") for state in found["status"].get("containerStatuses", ()))
            return found if ended or (until == "ready" and ready) else None

        return cluster.wait(f"pod {name}", seen)

    return run


@pytest.fixture
def text_of(cluster, namespace, pod_of):
    """What a pod prints that must succeed."""

    def text(name, service, *args, **of_container):
        ended = pod_of(name, service, *args, **of_container)
        said = cluster.kubectl("logs", name, "-n", namespace)
        assert ended["status"]["phase"] == "Succeeded", said[-3000:]
        return said

    return text


def probe(port):
    return {"grpc": {"port": port}, "periodSeconds": 1}


def test_a_worker_says_what_the_laptop_says(text_of) -> None:
    here = subprocess.run(
        [sys.executable, "-m", "services", STAGES, "describe"], cwd=ROOT, capture_output=True, check=True
    )
    assert json.loads(text_of("who", "worker", STAGES, "describe")) == json.loads(here.stdout)


def test_a_container_has_nothing_to_misuse(text_of) -> None:
    asked = "id -u; touch /here 2>&1; touch /tmp/here && echo written; command -v cc gcc clang make ld; true"
    first, refused, written = text_of("inside", "worker", command=["sh", "-c", asked]).splitlines()
    assert (first, written) == ("10001", "written")
    assert "Read-only file system" in refused


def test_the_orchestrators_doctor_finds_all_it_needs(text_of, store) -> None:
    text = text_of("doctor", "orchestrator", "doctor", "--root", f"s3://{store.new_bucket()}/out", "-o", "json")
    # A pod's log holds standard error too, where a slow check is announced.
    said = json.loads(text[text.index("{") :])
    assert said["healthy"], said
    missing = {check["check"] for check in said["checks"] if not check["ok"]}
    assert "landmarks dlib (optional)" in missing


def test_a_run_in_a_pod_gives_the_laptops_bytes(
    text_of, store, corpus, stems, visemill, tree_digest, tmp_path: Path
) -> None:
    corpus.add(*stems(4))
    bucket = store.new_bucket()
    root = store.put(corpus.root, bucket, "in")
    words = ("run", "grid", "--num-shards", "2", "--input-root")
    begin_s = time.monotonic()
    text_of("run", "orchestrator", *words, root, "--output-root", f"s3://{bucket}/out")
    sys.stdout.write(f"4 clips in a pod, its start included: {time.monotonic() - begin_s:.1f} s\n")
    visemill.ok(*words, corpus.root, "--output-root", tmp_path / "here")
    there = store.get(bucket, "out", tmp_path / "there")
    assert tree_digest(there) == tree_digest(tmp_path / "here")


def test_a_server_answers_its_probe_and_ends_on_sigterm(cluster, namespace, pod_of) -> None:
    listening = ("--listen", "0.0.0.0:50051")
    pod_of("landmarks", "worker", "landmarks", "serve", *listening, until="ready", readinessProbe=probe(50051))
    with PodWatch(cluster, namespace) as watch:
        cluster.wait("the pod to be seen", lambda: list(watch.states("landmarks")))
        cluster.kubectl("delete", "pod", "landmarks", "-n", namespace)
        code, _ = cluster.wait("its end to be seen", lambda: watch.ended("landmarks"))
    assert code != 137, "the server waited for SIGKILL, which comes after 30 s"


def test_triton_serves_what_it_was_built_with_and_a_front_reaches_it(cluster, namespace, pod_of) -> None:
    ready = {"httpGet": {"path": "/v2/health/ready", "port": 8000}, "periodSeconds": 1}
    pod = pod_of("triton", "triton", until="ready", readinessProbe=ready)
    assert pod["status"]["phase"] == "Running", cluster.kubectl("logs", "triton", "-n", namespace)[-3000:]
    server = f"{pod['status']['podIP']}:8001"
    repository = ARCHIVES / "context" / "repository"
    argv = (
        sys.executable,
        "-m",
        "orchestrator.cli.main",
        "models",
        "verify",
        repository,
        "--server",
        server,
        "-o",
        "json",
    )
    (model,) = json.loads(cluster.run(*argv, environment={"PYTHONPATH": str(ROOT)}))["models"]
    assert (model["model"], model["weights"], model["problems"]) == ("inception_v3", "seeded:0", [])
    flags = ("--listen", "0.0.0.0:50051", "--backend", "triton", "--triton", server)
    front = pod_of("front", "worker", "features", "serve", *flags, until="ready", readinessProbe=probe(50051))
    assert front["status"]["phase"] == "Running", cluster.kubectl("logs", "front", "-n", namespace)[-3000:]


@pytest.mark.parametrize("service", ["worker", "orchestrator", "triton"])
def test_an_image_says_what_it_is_and_what_it_holds(cluster, images, service) -> None:
    if not cluster.own:
        pytest.skip("archives are of images that are built here")
    with tarfile.open(images.build(service)) as archive:

        def read(digest):
            return json.loads(archive.extractfile(f"blobs/{digest.replace(':', '/')}").read())

        (entry,) = json.loads(archive.extractfile("index.json").read())["manifests"]
        config = read(read(entry["digest"])["config"]["digest"])
    labels = {name.rpartition(".")[2]: value for name, value in config["config"]["Labels"].items()}
    assert labels.keys() == {"title", "version", "revision", "licenses"}
    assert (labels["title"], labels["version"]) == (f"visemill-{service}", images.version)
    assert config["config"]["User"] == "10001:10001"
    bill = json.loads((ARCHIVES / f"visemill-{service}.sbom.cdx.json").read_text())
    held = {part["name"].lower(): part.get("version") for part in bill["components"] if part["type"] == "library"}
    lists = ["triton"] if service == "triton" else ["worker", *(["orchestrator"] if service == "orchestrator" else [])]
    for name in lists:
        lines = (ROOT / "deploy" / "images" / f"{name}.txt").read_text().splitlines()
        for pinned, _, version in (line.partition("==") for line in lines if not line.startswith("#")):
            assert held.get(pinned, held.get(pinned.replace("-", "_"))) == version, pinned
    assert {"libc6", "python3.11"} & held.keys()
    assert not {"gcc", "clang", "make", "binutils"} & held.keys()
    files = [Path(part["name"]).name for part in bill["components"] if part["type"] == "file"]
    assert "shape_predictor_68_face_landmarks.dat" not in files, "its licence lets nobody give it away"
