"""Talking heads on a real cluster: videos to persons' folders, a gang of two ranks to a head, the head to a film."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from chart_services import CHART, only
from kube_runs import Watched, kill_container
from layered_image import layered
from pod_watch import INDEX

pytestmark = pytest.mark.slow

KILLED = "ada"
PERSONS = (KILLED, "bob", "cyd")
NUM_FRAMES = 75
STATE_FILES = (".preprocessing_metadata.json", ".training_state.json")
NUM_EPOCHS = 4
# A step has a micro-batch for each rank, and each step is saved.
SETTINGS = [
    *("--resolution", 160, "--width", 0.125, "--batch-size", 4, "--num-epochs", NUM_EPOCHS, "--device", "cpu"),
    *("--num-ranks", 2, "--accumulation-steps", 2, "--num-threads", 1, "--num-workers", 1, "--save-every-s", 0.001),
]
SIZES = ["--clip-memory-mib", 1000, "--pods-memory-mib", 1400, "--pods-cpu", 0.6]


@dataclass(frozen=True)
class Persons:
    """The folders of a run on the cluster, made though the pod of KILLED was killed, and those of the same run here.

    num_written: pictures that it had written by then.
    """

    bucket: str
    there: Path
    here: Path
    num_written: int
    run: Watched
    answer: dict[str, Any]

    @property
    def root(self) -> str:
        return f"s3://{self.bucket}/dataset"


@pytest.fixture(scope="module")
def persons(
    cluster, store, images, new_namespace, kube_visemill, visemill, stems, testdata, tmp_path_factory
) -> Iterator[Persons]:
    cluster.load("worker")
    folder = tmp_path_factory.mktemp("persons")
    videos = folder / "videos"
    videos.mkdir()
    for stem in stems(len(PERSONS)):
        shutil.copy(testdata / "data" / "grid" / "s1_processed" / f"{stem}.mpg", videos)
    bucket, namespace = store.new_bucket(), new_namespace()

    def command(name: str, root: str, output: str, *more: object) -> list[object]:
        lines = [f"{root}/{path.name} {who}\n" for path, who in zip(sorted(videos.iterdir()), PERSONS, strict=True)]
        (folder / name).write_text("".join(lines))
        return ["run", "talker", "--video-list", folder / name, "--asr-model", "mel", "--dataset-dir", output, *more]

    where = ["--cluster", "kube", "--namespace", namespace, "--image", images.name("worker"), *SIZES]
    inputs = store.put(videos, bucket, "in")
    words = command("there.txt", inputs, f"s3://{bucket}/dataset", *where, "--parallelism", len(PERSONS))
    run = Watched(kube_visemill.start(*words, "-o", "json"))
    try:
        output = f"s3://{bucket}/dataset/{KILLED}/"
        pod = cluster.wait("the pod at work", lambda: working(cluster, namespace, output), 240)
        store.first(bucket, f"dataset/{KILLED}", ".png")
        kill_container(cluster, pod)
        num_written = sum(name.endswith(".png") for name in store.names(bucket, f"dataset/{KILLED}"))
        visemill.ok(*command("here.txt", str(videos), str(folder / "here")))
        answer = run.end()
    finally:
        run.process.kill()
    there = store.get(bucket, "dataset", folder / "there")
    yield Persons(bucket, there, folder / "here", num_written, run, answer)


def working(cluster: Any, namespace: str, output: str) -> dict[str, Any] | None:
    """The running pod of a data set."""
    pods = cluster.get("pods", "-n", namespace, "--field-selector=status.phase=Running")["items"]
    return next((pod for pod in pods if output in json.dumps(pod["spec"]["containers"])), None)


def digests(folder: Path) -> dict[str, str]:
    """Of all files of an output but for its state, and for the files that hold times."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in STATE_FILES)
    names = ((path.relative_to(folder), path) for path in files)
    return {str(name): hashlib.sha256(p.read_bytes()).hexdigest() for name, p in names if ".visemill" not in name.parts}


def test_videos_are_jobs_and_a_pod_that_is_killed_while_it_writes_pictures_costs_nothing(
    persons: Persons, figure
) -> None:
    """Over 20 s: pods open their models, and Kubernetes waits 10 s before it replaces one that has failed."""
    tell(persons.run, figure)
    assert persons.run.process.returncode == 0, persons.run.words
    assert [(one["dataset"], one["finished"]) for one in persons.answer["datasets"]] == [(p, True) for p in PERSONS]
    jobs = {line.partition(": Job ")[0] for _, line in persons.run.said if "1 shard in 1 index" in line}
    assert jobs == set(PERSONS)
    assert 0 < persons.num_written < NUM_FRAMES, "it was killed before it wrote pictures, or after"
    made = digests(persons.there)
    assert sum(name.startswith(f"{KILLED}/full_body_img/") for name in made) == NUM_FRAMES
    assert made == digests(persons.here)


@dataclass(frozen=True)
class Head:
    """A head of `ada` that a gang has learnt on the cluster, though a pod of it was killed, and the same learnt here.

    answer, run: of the command.
    """

    root: str
    there: Path
    here: Path
    run: Watched
    answer: dict[str, Any]


@pytest.fixture
def training_image(cluster, images, claim_models, tmp_path: Path) -> str:
    """Of pods that import torch: the project's own where VISEMILL_E2E_TORCH is set, as it takes minutes; else the
    worker's, which finds this environment's libraries at /models.
    """
    claim_models(Path(torch.__file__).parents[1])
    if os.environ.get("VISEMILL_E2E_TORCH"):
        cluster.load("training")
        name: str = images.name("training")
        return name
    cluster.load("worker")
    image = "visemill-training-mounted:test"
    files = {"opt/visemill/libraries/worker/sitecustomize.py": b'import sys\nsys.path.append("/models")\n'}
    cluster.script("load", layered(images.build("worker"), image, files, tmp_path / "training.tar"))
    return image


@pytest.fixture
def head(persons, training_image, cluster, store, namespace, kube_visemill, visemill, tmp_path: Path) -> Head:
    cluster.helm("install", "visemill", CHART, "-n", namespace, *(f"--set={name}=false" for name in only()))
    root, consent = f"s3://{persons.bucket}/head", tmp_path / "consent.json"
    consent.write_text('{"who": ["ada"], "what_for": "a test", "when": "2026-11-29"}')
    words = ["train", "talker-unet", "--name", "ada", *SETTINGS]
    where = ["--cluster", "kube", "--namespace", namespace, "--image", training_image, "--models-claim", "models"]
    where += ["--pods-cpu", 0.8, "--pods-memory-mib", 1500]
    roots = ["--data-root", persons.root, "--checkpoint-dir", root]
    run = Watched(kube_visemill.start(*words, *roots, "--consent", consent, *where, "-o", "json"))
    try:
        store.first(persons.bucket, "head/.visemill/runs", "/passes/train/checkpoints/")
        pods = cluster.get("pods", "-n", namespace, "-l", "visemill.dev/pass=train")["items"]
        pod = next(pod["metadata"]["name"] for pod in pods if pod["metadata"]["labels"][INDEX] == "1")
        cluster.kubectl("delete", "pod", "-n", namespace, "--wait=false", "--grace-period=0", "--force", pod)
        # Nothing asks for it again: the statement is pinned with the plan.
        kept = consent.rename(tmp_path / "kept.json")
        here = tmp_path / "here"
        roots = ["--data-root", persons.here, "--checkpoint-dir", here]
        visemill.ok(*words, *roots, "--consent", kept)
        answer = run.end()
    finally:
        run.process.kill()
    return Head(root, store.get(persons.bucket, "head", tmp_path / "there"), here, run, answer)


def test_a_gang_whose_pod_is_killed_learns_what_it_does_here_and_the_head_speaks(
    persons: Persons, head: Head, kube_visemill, visemill, figure, tmp_path: Path
) -> None:
    """Over 20 s: two generations of two pods import torch, and a third training does here."""
    tell(head.run, figure)
    assert head.run.process.returncode == 0 and head.answer["finished"], head.run.words
    assert "generation 2 starts" in head.run.words
    assert epochs(head.there) == epochs(head.here) and len(epochs(head.here)) == NUM_EPOCHS
    assert json.loads((head.there / "consent.json").read_text())["statements"][0]["who"] == ["ada"]

    film = tmp_path / "film.mp4"
    words = ["--name", "ada", "--dataset-dir", persons.root, "--checkpoint", f"{head.root}/best_model.pt"]
    said = kube_visemill.ok("infer", "talker", *words, "--audio-path", persons.there / "bob" / "aud.wav", "--out", film)
    assert abs(said["num_frames"] - NUM_FRAMES) <= 1
    told = visemill.ok("inspect", film)
    assert told["is_marked"] and told["mark"]["consent"] and told["mark"]["head"]


def epochs(folder: Path) -> list[dict[str, float]]:
    """What each epoch's loss and figures were."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if "train_loss" in line]


def tell(run: Watched, figure: Callable[[str], None]) -> None:
    for at_s, line in run.said:
        if "clips (" not in line:
            figure(f"{at_s - run.said[0][0]:6.1f} s  {line}")
