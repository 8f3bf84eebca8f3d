"""The device is pinned with a run: workers and whoever resumes it keep to it, or refuse (exit 78)."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from orchestrator.cli.device import device_of
from orchestrator.cli.main import main

BAD_CONFIG = 78


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "a.mp4"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("mpeg4", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for i in range(3):
            pixels = np.full((64, 64, 3), 40 * i, np.uint8)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        target.mux(stream.encode())
    return path


def pinned_device(output: Path) -> str:
    (run_file,) = output.glob(".visemill/runs/*/run.json")
    stages = {stage["name"]: stage["config"] for stage in json.loads(run_file.read_text())["stages"]}
    return str(stages["features"]["device"])


def test_a_worker_without_the_pinned_device_refuses_and_so_does_resume(clip, tmp_path, capsys, monkeypatch):
    """Two workers start, and each loads torch: some seconds."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    out = tmp_path / "out"
    pin = ["pin", "sign", str(clip), str(out), "--write-iv3-features", "--num-shards", "1"]
    assert main([*pin, "--workers-device", "cuda"]) == 0
    assert pinned_device(out) == "cuda"
    for words in (["resume", "--output-root", str(out)], ["run", *pin[1:], "--iv3-device", "cuda"]):
        assert main([*words, "--quiet", "--workers", "1"]) == BAD_CONFIG
        said = capsys.readouterr().out
        assert "device cuda was requested or pinned with the run" in said and "begin a new run with device auto" in said
        assert not list(out.glob(".visemill/runs/*/shards/*/done.json"))
        (logs,) = out.glob(".visemill/runs/*/logs")
        assert said.splitlines()[-1] == f"  logs: {logs}", "where to read on is said last"
    assert main(["resume", "--output-root", str(out), "--quiet", "--workers", "1", "-o", "json"]) == BAD_CONFIG
    assert json.loads(capsys.readouterr().out)["logs"] == str(logs)


def test_auto_is_pinned_as_what_it_means_and_a_plan_for_another_device_is_another_run(clip, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    out = tmp_path / "out"
    pin = ["pin", "sign", str(clip), str(out), "--write-iv3-features", "--num-shards", "1"]
    assert main(pin) == 0
    assert pinned_device(out) == "cpu"
    assert main([*pin, "--iv3-device", "cpu"]) == 0
    assert main([*pin, "--workers-device", "cuda"]) == BAD_CONFIG


@pytest.mark.parametrize(("gpus", "device"), [([], "cpu"), (["--pods-gpus", "1"], "cuda")])
def test_on_a_cluster_the_pods_decide_whatever_the_submitting_machine_has(gpus, device):
    from orchestrator.cli.main import build_parser

    roots = ["--input-root", "s3://b/in", "--output-root", "s3://b/out"]
    words = ["run", "sign", *roots, "--write-iv3-features", "--cluster", "kube", *gpus]
    assert device_of(build_parser().parse_args(words)) == device


def test_a_server_pins_submitted_runs_for_its_pods_and_not_for_itself():
    from orchestrator.cli.main import build_parser
    from orchestrator.cli.serve import _cluster

    words = ["serve", "--registry", "s3://b/r", "--cluster", "kube", "--pods-gpus", "1"]
    assert _cluster(build_parser().parse_args(words))["pin_words"] == ("--workers-device=cuda",)
    assert _cluster(build_parser().parse_args(words[:-2]))["pin_words"] == ("--workers-device=cpu",)
