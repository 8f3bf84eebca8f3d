"""What a run's state may name, where the run is carried for somebody else."""

import dataclasses

import pytest

from orchestrator.access.allowed import Allowed
from orchestrator.access.state_names import check_spec, planned_options
from orchestrator.pipelines.sign.options import SignOptions
from services.base.errors import BadConfig
from services.base.run.passes import gang_pass
from services.base.run.spec import PinnedStage, RunSpec

ALLOWED = Allowed(("/data", "s3://bucket/team"), ("triton:8001",))
STAGES = (
    PinnedStage("decode", {"sampling": "all"}),
    PinnedStage("landmarks", {"dlib_predictor": "", "backend": "dlib"}),
)
ORDER = RunSpec("r", "sign", "d" * 64, STAGES, "/data/in", "s3://bucket/team/out", 1, 1, "0" * 64, {})


def with_stage(**config):
    return dataclasses.replace(ORDER, stages=(*STAGES, PinnedStage("features", config)))


def with_gang(**config):
    return dataclasses.replace(ORDER, gangs=(gang_pass("train", "grid-ctc", 1, config, [ORDER.map_pass]),))


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(with_gang(data_root="/data/in", tensorboard_dir="", size="tiny"), id="what a training reads"),
        pytest.param(ORDER, id="its roots are allowed"),
        pytest.param(with_stage(weights="imagenet", triton="triton:8001"), id="a name, and a server that is allowed"),
        pytest.param(with_stage(weights="/data/w.pt"), id="a file below a root"),
    ],
)
def test_what_a_submitter_could_have_named(spec):
    check_spec(spec, ALLOWED)


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        (dataclasses.replace(ORDER, input_root="/etc"), "input_root /etc"),
        (dataclasses.replace(ORDER, input_root="/data/../etc"), "input_root /data/../etc"),
        (dataclasses.replace(ORDER, output_root="s3://bucket/teams"), "output_root s3://bucket/teams"),
        (dataclasses.replace(ORDER, follow_links=True), "--follow-links"),
        (with_stage(weights="/root/.ssh/id"), "features.weights /root/.ssh/id"),
        (with_stage(weights="../w.pt"), "features.weights ../w.pt"),
        (with_gang(data_root="/elsewhere/records"), "train.data_root /elsewhere/records"),
        (with_gang(tensorboard_dir="s3://elsewhere/runs"), "train.tensorboard_dir s3://elsewhere/runs"),
        (with_stage(triton="169.254.169.254:80"), "features.triton 169.254.169.254:80"),
    ],
)
def test_what_nobody_may_name_is_refused(spec, named):
    with pytest.raises(BadConfig, match="STATE_NOT_ALLOWED") as refused:
        check_spec(spec, ALLOWED)
    assert named in refused.value.message and "begin a new run" in refused.value.message


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("visemill plan sign --input-root /data/in --label-map=/etc/shadow", "--label-map /etc/shadow"),
        ("visemill plan sign --iv3-weights=/home/w.pt --write-iv3-features", "--iv3-weights /home/w.pt"),
        ("visemill plan sign --triton=elsewhere:1", "--triton elsewhere:1"),
        ("visemill plan sign --state-root=/etc", "--state-root=/etc"),
        ("visemill plan grid --fps 25", "is not how a run of sign is planned"),
        ("sh -c 'rm -r /'", "is not how a run of sign is planned"),
        ("visemill plan sign 'open", "No closing quotation"),
    ],
)
def test_flags_that_the_state_keeps_are_the_pipelines_and_name_what_is_allowed(command, named):
    with pytest.raises(BadConfig, match="STATE_NOT_ALLOWED") as refused:
        planned_options(ORDER, command, ALLOWED)
    assert named in refused.value.message


def test_whoever_planned_a_run_may_have_named_any_file_but_no_other_flag():
    command = "visemill plan sign --input-root /x --output-root /y --label-map=/x/map.csv"
    assert planned_options(ORDER, command, None) == SignOptions(label_map="/x/map.csv")
    with pytest.raises(BadConfig, match="STATE_NOT_ALLOWED"):
        planned_options(ORDER, f"{command} --no-such-flag=1", None)
