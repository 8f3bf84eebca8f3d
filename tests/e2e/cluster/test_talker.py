"""Videos of persons on a real cluster: a Job each, and the folders of a run here."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kube_runs import Watched, kill_container

pytestmark = pytest.mark.slow

KILLED = "ada"
PERSONS = (KILLED, "bob", "cyd")
NUM_FRAMES = 75
STATE_FILES = (".preprocessing_metadata.json", ".training_state.json")
SIZES = ["--clip-memory-mib", 1000, "--pods-memory-mib", 1400, "--pods-cpu", 0.6]


@dataclass(frozen=True)
class Persons:
    """The folders of a run on the cluster, made though the pod of KILLED was killed, and those of the same run here.

    num_written: pictures that it had written by then.
    """

    there: Path
    here: Path
    num_written: int
    run: Watched
    answer: dict[str, Any]


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
    yield Persons(there, folder / "here", num_written, run, answer)


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


def tell(run: Watched, figure: Callable[[str], None]) -> None:
    for at_s, line in run.said:
        if "clips (" not in line:
            figure(f"{at_s - run.said[0][0]:6.1f} s  {line}")
