"""The commands of a cluster, as far as they need none."""

import shlex

import pytest

from orchestrator.cli import cluster
from orchestrator.cli.main import build_parser
from orchestrator.cli.runs.run import run
from orchestrator.cli.runs.run_options import add_run_flags
from services.base.errors import BadConfig

ROOTS = ["--input-root", "s3://b/in", "--output-root", "s3://b/out dir"]
KUBE = ["--cluster", "kube"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "grid", *ROOTS, *KUBE], "--cluster=kube"),
        (
            [
                "run",
                "grid",
                *ROOTS,
                "--cluster",
                "kube",
                "--namespace",
                "n",
                "--image",
                "x:1",
                "--clip-memory-mib",
                "9",
            ],
            "--clip-memory-mib=9 --cluster=kube --namespace=n --image=x:1",
        ),
        (["suspend", "--namespace", "n", *ROOTS[2:]], "--cluster=kube --namespace=n"),
    ],
)
def test_the_command_that_carries_a_run_on_finds_it_where_it_is(words, expected):
    flags = build_parser().parse_args(words)
    adding = (cluster.add_place_flags,) if words[0] == "suspend" else (add_run_flags, cluster.add_cluster_flags)
    assert cluster.resume_command(flags, *adding) == f"visemill resume {expected} --output-root 's3://b/out dir'"


@pytest.mark.parametrize("verb", [["logs"], ["suspend"], ["scale", "--parallelism", "2"], ["status"], ["cancel"]])
def test_every_verb_takes_the_same_words_for_where(verb):
    flags = build_parser().parse_args([*verb, *ROOTS[2:], *KUBE, "--namespace", "n", "--context", "c"])
    assert (flags.cluster, flags.namespace, flags.context) == ("kube", "n", "c")


def test_lines_as_they_come_are_no_json():
    flags = build_parser().parse_args(["logs", *ROOTS[2:], "--follow", "-o", "json"])
    with pytest.raises(BadConfig, match="leave out one"):
        cluster.logs(flags)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["sign", "--write-iv3-features"], "--triton HOST:PORT"),
        (["sign", "--write-iv3-features", "--features-backend", "onnxruntime"], "--iv3-weights FILE.onnx"),
        (["grid", "--pods-gpus", "1"], "visemill-worker-torch"),
    ],
)
def test_what_the_image_cannot_do_is_refused_before_a_store_or_a_cluster_is_asked(words, remedy):
    """Neither the bucket nor a cluster is there."""
    with pytest.raises(BadConfig, match=remedy) as refused:
        run(build_parser().parse_args(["run", *words, *ROOTS, *KUBE]))
    assert (refused.value.reason, refused.value.exit_code) == ("IMAGE_LACKS", 78)


def test_a_training_takes_the_image_of_trainings_where_the_environment_gives_both(monkeypatch, tmp_path):
    """As in the chart's orchestrator. No cluster is there."""
    monkeypatch.setenv("VISEMILL_IMAGE", "r/visemill-worker:1")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    roots = ["--data-root", "s3://b/in", "--checkpoint-dir", "s3://b/out"]
    flags = build_parser("train").parse_args(["train", "grid-ctc", *roots, *KUBE])
    with pytest.raises(BadConfig, match=r"IMAGE_LACKS.* cannot train"):
        run(flags)
    monkeypatch.setenv("VISEMILL_TRAINING_IMAGE", "r/visemill-training:1")
    with pytest.raises(BadConfig, match="NO_CLUSTER"):
        run(flags)


def test_the_command_that_shows_the_logs_is_one_that_can_be_given():
    flags = build_parser().parse_args(["run", "grid", *ROOTS, *KUBE, "--namespace", "n", "--image", "x:1"])
    words = shlex.split(cluster.logs_command(flags))
    assert words == ["visemill", "logs", "--namespace=n", "--output-root", "s3://b/out dir"]
    assert build_parser().parse_args(words[1:]).command == "logs"
