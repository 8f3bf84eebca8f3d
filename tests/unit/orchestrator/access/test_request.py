"""What outside callers may ask for, and the command lines that it becomes."""

import argparse
import dataclasses

import pytest

from orchestrator.access.allowed import Allowed, is_below, remote_words
from orchestrator.access.request import Limits, Submission
from orchestrator.console.flags import ADDRESS, FILE, FILE_OR_NAME, FlagParser, words_of
from orchestrator.pipelines import PIPELINES
from orchestrator.planner.planning import pipeline_of
from services.base.errors import BadConfig

ASKED = Submission("grid", "/data/in", "s3://b/out", flags=("--num-shards=8",), limits=Limits(num_workers=2))
ALLOWED = Allowed(("/data", "s3://b/out"), ("triton:8001",))


def _parser(pipeline: str = "grid") -> FlagParser:
    parser = FlagParser(pipeline)
    pipeline_of(pipeline).add_flags(parser)
    return parser


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


def test_a_submission_becomes_two_command_lines():
    asked = dataclasses.replace(ASKED, state_root="/data/state", run_name="mine")
    assert asked.pin_words() == [
        "pin",
        "grid",
        "--input-root=/data/in",
        "--output-root=s3://b/out",
        "--state-root=/data/state",
        "--run=mine",
        "--num-shards=8",
    ]
    assert asked.resume_words() == ["resume", "--output-root=s3://b/out", "--state-root=/data/state", "--workers=2"]


def test_limits_that_are_not_given_are_left_to_the_server():
    assert Limits().words("--workers") == []
    given = Limits(num_workers=3, max_failures="5%", artifact_cache=False)
    assert given.words("--parallelism") == ["--parallelism=3", "--max-failures=5%", "--no-artifact-cache"]


@pytest.mark.parametrize("values", [{"num_workers": -1}, {"clip_time_s": float("nan")}, {"clip_memory_mib": -5}])
def test_limits_that_mean_nothing_are_refused(values):
    with pytest.raises(ValueError, match="must be 0"):
        Limits(**values)


def test_the_same_request_has_the_same_key_and_comes_back_from_its_record():
    again = Submission.from_mapping(dataclasses.asdict(ASKED))
    assert again == ASKED and again.key == ASKED.key
    assert dataclasses.replace(ASKED, flags=()).key != ASKED.key


def test_flags_are_brought_into_one_form():
    asked = dataclasses.replace(ASKED, flags=("--num-shards", "64", "--compat-order", "--max-frames", "50"))
    assert ALLOWED.checked(asked, _parser()).flags == ("--max-frames=50", "--compat-order")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"input_root": "/etc"}, "ROOT_NOT_ALLOWED"),
        ({"output_root": "s3://b/other"}, "ROOT_NOT_ALLOWED"),
        ({"state_root": "/tmp"}, "ROOT_NOT_ALLOWED"),
        ({"flags": ("--dlib-predictor=/etc/shadow",)}, "ROOT_NOT_ALLOWED"),
        ({"flags": ("--split-config=/etc/passwd",)}, "ROOT_NOT_ALLOWED"),
        ({"flags": ("--split-config=splits/mine.yaml",)}, "ROOT_NOT_ALLOWED"),
        ({"flags": ("--split-config=mine.yaml",)}, "NAME_NOT_KNOWN"),
        ({"flags": ("--split-config=.",)}, "NAME_NOT_KNOWN"),
        ({"flags": ("--split-config=lipnet-unsee",)}, "NAME_NOT_KNOWN"),
        ({"flags": ("--dlib-predictor=mine.dat",)}, "ROOT_NOT_ALLOWED"),
        ({"flags": ("--face-landmarker=../x.task",)}, "ROOT_NOT_ALLOWED"),
        ({"flags": ("--output-root=/etc",)}, "BAD_FLAGS"),
        ({"flags": ("--num-sh=3",)}, "BAD_FLAGS"),
        ({"flags": ("--num-shards=x",)}, "BAD_FLAGS"),
        ({"flags": ("/etc",)}, "BAD_FLAGS"),
        ({"flags": ("--workers=100",)}, "BAD_FLAGS"),
        ({"flags": ("--help",)}, "BAD_FLAGS"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_reason(change, reason):
    with pytest.raises(BadConfig) as refused:
        ALLOWED.checked(dataclasses.replace(ASKED, **change), _parser())
    assert refused.value.reason == reason


def test_a_link_that_leaves_an_allowed_root_is_seen_through():
    allowed = dataclasses.replace(ALLOWED, real=lambda root: root.replace("/data/link", "/etc"))
    with pytest.raises(BadConfig, match="ROOT_NOT_ALLOWED"):
        allowed.checked(dataclasses.replace(ASKED, input_root="/data/link"), _parser())


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        (name, action.option_strings[0])
        for name in sorted(PIPELINES)
        for action in _parser(name).flags
        if action.metavar in (FILE, FILE_OR_NAME)
    ],
)
@pytest.mark.parametrize("file", ["mine", "./mine", "~/mine", "../mine", "/etc/mine", "/data/../etc/mine"])
def test_no_flag_of_any_pipeline_reads_a_file_outside_the_allowed_roots(name, flag, file):
    asked = dataclasses.replace(ASKED, pipeline=name, flags=(f"{flag}={file}",))
    with pytest.raises(BadConfig) as refused:
        ALLOWED.checked(asked, _parser(name))
    assert refused.value.reason in {"ROOT_NOT_ALLOWED", "NAME_NOT_KNOWN"}
    assert flag in refused.value.message and "/data" in refused.value.message


@pytest.mark.parametrize("root", ["/data/.visemill-runs", "/data/.visemill-runs/submitted", "/data/link"])
def test_the_registry_of_the_server_is_nobodys_root_though_it_lies_below_one(root):
    real = {"/data/link": "/data/.visemill-runs"}
    allowed = dataclasses.replace(ALLOWED, registry="/data/.visemill-runs", real=lambda name: real.get(name, name))
    with pytest.raises(BadConfig, match="where this server keeps submitted runs"):
        allowed.checked(dataclasses.replace(ASKED, output_root=root), _parser())
    assert allowed.checked(ASKED, _parser()).output_root == ASKED.output_root


def test_a_file_below_an_allowed_root_may_be_named():
    asked = dataclasses.replace(ASKED, flags=("--split-config=/data/mine.yaml",))
    assert ALLOWED.checked(asked, _parser()).flags == asked.flags


def test_named_splits_need_no_root():
    asked = dataclasses.replace(ASKED, flags=("--split-config=lipnet-unseen",))
    assert ALLOWED.checked(asked, _parser()).flags == asked.flags


def test_addresses_are_those_that_the_server_allows():
    sign = dataclasses.replace(ASKED, pipeline="sign", flags=("--write-iv3-features", "--triton=triton:8001"))
    assert "--triton=triton:8001" in ALLOWED.checked(sign, _parser("sign")).flags
    with pytest.raises(BadConfig, match="ADDRESS_NOT_ALLOWED"):
        ALLOWED.checked(dataclasses.replace(sign, flags=("--triton=169.254.169.254:80",)), _parser("sign"))


@pytest.mark.parametrize("name", sorted(PIPELINES))
def test_every_free_text_of_a_pipeline_says_what_it_stands_for(name):
    """A flag that names a file or a server would else pass by the lists of what is allowed."""
    free = [a for a in _parser(name).flags if a.nargs != 0 and a.type is None and not a.choices]
    kinds = {FILE, FILE_OR_NAME, ADDRESS, "HEX"}
    named = [a for a in free if not isinstance(a, argparse.BooleanOptionalAction)]
    assert {a.option_strings[0] for a in named if a.metavar not in kinds} == set()


def test_words_give_the_same_values_again():
    parser = _parser("sign")
    values = parser.parse_args(["--no-preview", "--write-keypoints", "--id", "3", "--target-fps", "7.5"])
    words = words_of(parser.flags, values)
    assert words == ["--write-keypoints", "--no-preview", "--target-fps=7.5", "--id=3"]
    assert parser.parse_args(words) == values


def test_remotes_go_to_the_runs_that_have_the_stage():
    pairs = ("landmarks=a:1", "features=b:2")
    assert remote_words(pairs, ("decode", "landmarks", "records")) == ["--remote=landmarks=a:1"]
