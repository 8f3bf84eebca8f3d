"""What outside callers may ask for, and the command lines that it becomes."""

import dataclasses
import json

import pytest

from orchestrator.access.allowed import Allowed, is_below, remote_argv
from orchestrator.access.request import Limits, RunRequest, RunRoots, options_of_argv
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.pipelines.sign.options import SignOptions
from services.base.errors import BadConfig
from services.base.stage.config import argv_of
from services.base.stage.fields import FileOrName, fields_of

ROOTS = RunRoots("/data/in", "s3://b/out")
REQUEST = RunRequest("grid", GridOptions(num_shards=8), ROOTS, Limits(num_workers=2))
ALLOWED = Allowed(("/data", "s3://b/out"), ("triton:8001",))


def with_roots(**changes):
    return dataclasses.replace(REQUEST, roots=dataclasses.replace(ROOTS, **changes))


def with_flags(*flags, pipeline="grid"):
    return dataclasses.replace(REQUEST, pipeline=pipeline, options=options_of_argv(pipeline, flags))


@pytest.mark.parametrize(
    ("root", "allowed", "below"),
    [
        ("/data", "/data", True),
        ("/data/x", "/data/", True),
        ("/data//x/.", "/data", True),
        ("/database", "/data", False),
        ("/data/../etc", "/data", False),
        ("/", "/", True),
        ("/etc", "/", True),
        ("s3://b/p/x", "s3://b/p", True),
        ("s3://b/p", "s3://b/p/", True),
        ("s3://b/pq", "s3://b/p", False),
        ("s3://bb", "s3://b", False),
        ("s3://b/p/../q", "s3://b/p", False),
        ("data/x", "/data", False),
        ("file:///data/x", "/data", False),
    ],
)
def test_below(root, allowed, below):
    assert is_below(root, allowed) is below


def test_a_request_becomes_two_command_lines():
    request = with_roots(state_root="/data/state", run_name="mine")
    assert request.pin_argv() == [
        "pin",
        "grid",
        "--input-root=/data/in",
        "--output-root=s3://b/out",
        "--state-root=/data/state",
        "--run=mine",
        "--num-shards=8",
    ]
    assert request.resume_argv() == ["resume", "--output-root=s3://b/out", "--state-root=/data/state", "--workers=2"]


def test_limits_that_are_not_given_are_left_to_the_server():
    assert Limits().argv("--workers") == []
    given = Limits(num_workers=3, max_failures="5%", artifact_cache=False)
    assert given.argv("--parallelism") == ["--parallelism=3", "--max-failures=5%", "--no-artifact-cache"]


@pytest.mark.parametrize("values", [{"num_workers": -1}, {"clip_time_s": float("nan")}, {"clip_memory_mib": -5}])
def test_limits_that_mean_nothing_are_refused(values):
    with pytest.raises(ValueError, match="must be 0"):
        Limits(**values)


def test_the_same_request_has_the_same_key_and_comes_back_from_json():
    again = RunRequest.from_mapping(json.loads(json.dumps(REQUEST.to_mapping())))
    assert again == REQUEST and again.key == REQUEST.key
    assert dataclasses.replace(REQUEST, options=GridOptions()).key != REQUEST.key


def test_of_a_request_in_json_only_what_differs_from_the_defaults_is_needed():
    roots = {"input_root": "/in", "output_root": "/out"}
    least = RunRequest.from_mapping({"pipeline": "sign", "roots": roots})
    assert least == RunRequest("sign", SignOptions(), RunRoots("/in", "/out"))
    assert least.to_mapping()["options"] == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pipeline": "gird"}, "did you mean 'grid'"),
        ({"workers": 3}, "a run has no workers"),
        ({"options": {"num_shard": 3}}, "GridOptions has no num_shard"),
        ({"options": {"num_shards": "3"}}, "num_shards must be a whole number"),
        ({"options": {"num_shards": 0}}, "--num-shards must be 1 or more"),
        ({"options": {"layout": "none"}}, "layout must be one of auto"),
        ({"options": {"landmarks": "none"}}, "landmarks must be one of mediapipe, dlib"),
        ({"options": []}, "options of a run must be an object"),
        ({"roots": {"input_root": "/in"}}, "output_root"),
        ({"limits": {"num_workers": -1}}, "num_workers must be 0"),
        ({"device": "tpu"}, "device must be one of auto, cpu, cuda"),
        ({"cluster": "moon"}, "cluster must be one of local, kube"),
    ],
)
def test_a_request_that_cannot_work_is_refused_in_json_as_on_the_command_line(change, message):
    with pytest.raises(BadConfig, match=message):
        RunRequest.from_mapping({**REQUEST.to_mapping(), **change})


def test_flags_are_brought_into_one_form():
    request = with_flags("--num-shards", "64", "--compat-order", "--max-frames", "50")
    assert argv_of(request.options) == ["--max-frames=50", "--compat-order"]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (with_roots(input_root="/etc"), "ROOT_NOT_ALLOWED"),
        (with_roots(output_root="s3://b/other"), "ROOT_NOT_ALLOWED"),
        (with_roots(state_root="/tmp"), "ROOT_NOT_ALLOWED"),
        # A data set whose own folder is allowed, and not the root that gets its marker.
        (with_roots(output_root="s3://b/out", dataset="out"), "ROOT_NOT_ALLOWED"),
        (with_roots(follow_links=True), "BAD_FLAGS"),
        (with_flags("--dlib-predictor=/etc/shadow"), "ROOT_NOT_ALLOWED"),
        (with_flags("--split-config=/etc/passwd"), "ROOT_NOT_ALLOWED"),
        (with_flags("--split-config=splits/mine.yaml"), "ROOT_NOT_ALLOWED"),
        (with_flags("--split-config=mine.yaml"), "NAME_NOT_KNOWN"),
        (with_flags("--split-config=."), "NAME_NOT_KNOWN"),
        (with_flags("--split-config=lipnet-unsee"), "NAME_NOT_KNOWN"),
        (with_flags("--dlib-predictor=mine.dat"), "ROOT_NOT_ALLOWED"),
        (with_flags("--face-landmarker=../x.task"), "ROOT_NOT_ALLOWED"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_reason(request_, reason):
    with pytest.raises(BadConfig) as refused:
        ALLOWED.check(request_)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "flag", ["--output-root=/etc", "--num-sh=3", "--num-shards=x", "--num-shards=0", "/etc", "--workers=1", "--help"]
)
def test_flags_that_a_call_may_not_have_are_refused(flag):
    with pytest.raises(BadConfig, match="BAD_FLAGS"):
        options_of_argv("grid", [flag])


def test_a_link_that_leaves_an_allowed_root_is_seen_through():
    allowed = dataclasses.replace(ALLOWED, real=lambda root: root.replace("/data/link", "/etc"))
    with pytest.raises(BadConfig, match="ROOT_NOT_ALLOWED"):
        allowed.check(with_roots(input_root="/data/link"))


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        (name, field.flag)
        for name in sorted(PIPELINES)
        for field in fields_of(pipeline_of(name).options)
        if isinstance(field.names, FileOrName)
    ],
)
@pytest.mark.parametrize("file", ["mine", "./mine", "~/mine", "../mine", "/etc/mine", "/data/../etc/mine"])
def test_no_option_of_any_pipeline_reads_a_file_outside_the_allowed_roots(name, flag, file):
    # A data set that has a default is no file that the request names.
    has_default = flag != "--data-root" and any(
        f.name == "data_root" and f.default for f in fields_of(pipeline_of(name).options)
    )
    others = ["--data-root=/data/in"] if has_default else []
    with pytest.raises(BadConfig) as refused:
        ALLOWED.check(with_flags(f"{flag}={file}", *others, pipeline=name))
    assert refused.value.reason in {"ROOT_NOT_ALLOWED", "NAME_NOT_KNOWN"}
    assert flag in refused.value.message and "/data" in refused.value.message


@pytest.mark.parametrize("root", ["/data/.visemill-runs", "/data/.visemill-runs/submitted", "/data/link"])
def test_the_registry_of_the_server_is_nobodys_root_though_it_lies_below_one(root):
    real = {"/data/link": "/data/.visemill-runs"}
    allowed = dataclasses.replace(ALLOWED, registry="/data/.visemill-runs", real=lambda name: real.get(name, name))
    with pytest.raises(BadConfig, match="where this server keeps submitted runs"):
        allowed.check(with_roots(output_root=root))
    allowed.check(REQUEST)


@pytest.mark.parametrize("name", ["/data/mine.yaml", "lipnet-unseen"])
def test_a_file_below_an_allowed_root_and_a_split_that_has_a_name_may_be_named(name):
    ALLOWED.check(with_flags(f"--split-config={name}"))


def test_addresses_are_those_that_the_server_allows():
    ALLOWED.check(with_flags("--write-iv3-features", "--triton=triton:8001", pipeline="sign"))
    with pytest.raises(BadConfig, match="ADDRESS_NOT_ALLOWED"):
        ALLOWED.check(with_flags("--triton=169.254.169.254:80", pipeline="sign"))


@pytest.mark.parametrize("name", sorted(PIPELINES))
def test_every_free_text_of_a_pipeline_says_what_it_names(name):
    """One that names a file or a server would else pass by the lists of what is allowed."""
    fields = fields_of(pipeline_of(name).options)
    free = {field.name for field in fields if field.kind is str and not field.choices and field.names is None}
    # Folders below the data root, which a store leaves by none of its names; and one that nothing is written to.
    # A person's name is one folder, which its own check says.
    below_roots = {"train_dir", "val_dir", "test_dir", "log_dir", "name", "names"}
    assert free <= {"consent_statements", "iv3_weights_sha256", "language", "triton_weights"} | below_roots


def test_remotes_go_to_the_runs_that_have_the_stage():
    pairs = ("landmarks=a:1", "features=b:2")
    assert remote_argv(pairs, ("decode", "landmarks", "records")) == ["--remote=landmarks=a:1"]


def test_a_request_of_several_input_roots_goes_through_json_and_every_root_is_checked():
    request = with_roots(further_roots=("/data/more", "s3://b/out/x"))
    assert RunRequest.from_mapping(json.loads(json.dumps(request.to_mapping()))) == request
    assert request.pin_argv()[2:5] == ["--input-root=/data/in", "--input-root=/data/more", "--input-root=s3://b/out/x"]
    ALLOWED.check(request)
    with pytest.raises(BadConfig, match="input_root /etc") as caught:
        ALLOWED.check(with_roots(further_roots=("/data/more", "/etc")))
    assert caught.value.reason == "ROOT_NOT_ALLOWED"
    for roots in (["/data/in"], [""], [3]):
        with pytest.raises((ValueError, BadConfig)):
            with_roots(further_roots=roots)


def test_the_root_of_what_a_manifest_names_is_an_allowed_one_or_none():
    assert [ALLOWED.root_of(path) for path in ("/data/x/y.wav", "s3://b/out/k", "/etc/passwd", "/data/../etc/x")] == [
        *("/data", "s3://b/out", "", "")
    ]
