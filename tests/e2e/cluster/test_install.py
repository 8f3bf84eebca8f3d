"""docs/install.md, word by word on a real cluster: what it says is typed, and must do what it says."""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from chart_services import CHART, SERVICES
from install_document import (
    DOCUMENT,
    FIRST,
    LEFT_OUT,
    MACHINE,
    NO_HELM,
    ROOT,
    RUN,
    Reader,
    block,
    blocks,
    substitutions,
)

pytestmark = pytest.mark.slow

NUM_CLIPS, NUM_FRAMES = 2, 12


def test_every_block_is_run_or_left_out_for_a_reason() -> None:
    places = [found.place for found in blocks(DOCUMENT.read_text())]
    assert sorted(places) == sorted([*RUN, *LEFT_OUT])
    assert all(LEFT_OUT.values())


def test_values_are_what_the_chart_takes(cluster: Any, tmp_path: Path) -> None:
    """The page's own values, then with those of Triton's autoscaling beside them."""
    words: list[object] = []
    for number in (0, 2):
        values = tmp_path / f"my{number}.yaml"
        values.write_text(block("On a real cluster", number).text)
        words += ["--values", values]
        assert "kind: HorizontalPodAutoscaler" in cluster.helm("template", "visemill", CHART, *words)


@pytest.fixture(scope="module")
def bucket(store: Any, testdata: Path, stems: Callable[[int], list[str]], corpus_at: Any, tmp_path_factory: Any) -> str:
    """The bucket of the document, with some of GRID and a sign clip."""
    name: str = store.new_bucket()
    store.put(corpus_at(tmp_path_factory.mktemp("grid")).add(*stems(NUM_CLIPS)).root, name, "grid")
    videos = tmp_path_factory.mktemp("videos")
    with (
        av.open(str(testdata / "data" / "sign" / "pose_test_video.mp4")) as source,
        av.open(str(videos / "clip.mp4"), "w") as target,
    ):
        stream = target.add_stream("mpeg4", rate=12)
        stream.bit_rate, stream.pix_fmt = 4_000_000, "yuv420p"
        for frame, _ in zip(source.decode(video=0), range(NUM_FRAMES), strict=False):
            rgb = frame.to_ndarray(format="rgb24")
            if not stream.codec_context.is_open:
                stream.height, stream.width = rgb.shape[:2]
            target.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        target.mux(stream.encode())
    store.put(videos, name, "videos")
    return name


@pytest.fixture(scope="module")
def reader(cluster: Any, store: Any, bucket: str, tmp_path_factory: Any) -> Iterator[Reader]:
    """The document's reader, on a cluster that nobody else has put a namespace `visemill` on."""
    if not cluster.own:
        pytest.skip("the document's namespace, `visemill`, may be somebody's on a cluster that is not the tests' own")
    words = substitutions(shlex.join([*cluster.script_words, "load"]), bucket, store.environment)
    yield Reader(words, cluster.prefix, cluster.environment, tmp_path_factory.mktemp("reader"))
    cluster.kubectl("delete", "namespace", "visemill", "--ignore-not-found", "--wait=false", code=None)


def test_what_a_newcomer_types_installs_it_and_its_test_passes(cluster: Any, reader: Reader) -> None:
    """Takes a minute or more: images are loaded, then every Deployment of the chart must become ready."""
    reader.run("Installing on Kubernetes", 0, limit_s=1200)
    reader.run(MACHINE, 0)
    said = reader.run(MACHINE, 1)
    deployments = cluster.get("deployments", "--namespace", "visemill")["items"]
    ready = {one["metadata"]["name"]: one["status"].get("readyReplicas") for one in deployments}
    assert ready == dict.fromkeys((f"visemill-{name}" for name in SERVICES), 1)
    assert "Phase:          Succeeded" in said
    told = [line for line in said.splitlines() if line.startswith("serves ")]
    assert [without_times(line) for line in told] == [
        without_times(line) for line in block(MACHINE, 2).text.splitlines()
    ]


def without_times(line: str) -> str:
    return re.sub(r"\d+\.\d+ s", "… s", line)


def test_the_first_runs_publish_what_they_were_asked_for(reader: Reader, store: Any, bucket: str) -> None:
    """Three runs, one after the other, each with pods that start and open their models: over 20 s."""
    reader.run(MACHINE, 3)
    said = reader.run(FIRST, 0)
    assert "finished" in said
    reader.run(FIRST, 1)
    for root in ("out", "out2"):
        names = [name for name in store.names(bucket, root) if not name.startswith(".visemill")]
        assert {"meta.json", "train-00000-of-00002.tfrecord"} <= set(names)
    assert any(name.endswith(".npz") for name in store.names(bucket, "sign"))


def test_kubectl_alone_makes_it_all_ready_and_takes_it_away(cluster: Any, reader: Reader) -> None:
    """All services start once more, from nothing, and what they leave behind is looked for: over 20 s."""
    cluster.helm("uninstall", "visemill", "--namespace", "visemill", "--wait", "--timeout", "120s")
    try:
        reader.run(NO_HELM, 0)
        labels = json.loads(cluster.kubectl("get", "namespace", "visemill", "-o", "json"))["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    finally:
        cluster.kubectl("delete", "-k", ROOT / "k8s", "--ignore-not-found", "--timeout=180s", code=None)
    left = cluster.kubectl("get", "clusterroles,clusterrolebindings,priorityclasses,namespaces", "-o", "name")
    assert not [name for name in left.split() if name.split("/")[1] in ("visemill", "visemill-nodes", "visemill-runs")]
