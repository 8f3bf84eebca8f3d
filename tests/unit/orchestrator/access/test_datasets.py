"""Names of data sets, and what --dataset says."""

import pytest

from orchestrator.access.datasets import NamedInput, check_dataset_name, named_inputs
from orchestrator.access.request import RunRequest, RunRoots
from orchestrator.pipelines.grid.options import GridOptions
from services.base.errors import BadConfig


@pytest.mark.parametrize("name", ["am", "zh-CN", "am_processed_data", "s1.v2", "7", "_", "x" * 100])
def test_names(name):
    assert check_dataset_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", ".visemill", "a/b", "../x", "a b", "a=b", "a\n", "\u1230", "x" * 101])
def test_names_that_are_none_are_refused_with_the_rule(name):
    with pytest.raises(BadConfig, match=r"BAD_DATASET_NAME: --dataset .* must be 1 to 100 letters .*: choose"):
        check_dataset_name(name)


@pytest.mark.parametrize(
    ("given", "input_root", "expected"),
    [
        ([], "", ()),
        ([], "/in", ()),
        (["a"], "/in", (NamedInput("a", "/in"),)),
        (["a=/x", "b=s3://bucket/y"], "", (NamedInput("a", "/x"), NamedInput("b", "s3://bucket/y"))),
        (["a=/x", "b"], "/in", (NamedInput("a", "/x"), NamedInput("b", "/in"))),
        (["a=/x=y"], "", (NamedInput("a", "/x=y"),)),
    ],
)
def test_each_dataset_has_its_own_input_root_or_that_of_all(given, input_root, expected):
    assert named_inputs(given, input_root) == expected


@pytest.mark.parametrize(
    ("given", "input_root", "message"),
    [
        (["a"], "", "BAD_FLAGS: --dataset 'a' has no input root: give --dataset a=INPUT_ROOT, or --input-root"),
        (["a="], "", "BAD_FLAGS: --dataset 'a=' has no input root"),
        (["a=/x"], "/in", "BAD_FLAGS: --input-root /in is used by no --dataset"),
        (["a=/x", "a=/y"], "", "DUPLICATE_DATASET: --dataset 'a' is given beside 'a'"),
        (["Am=/x", "am=/x"], "", "DUPLICATE_DATASET: --dataset 'am' is given beside 'Am'.*more than case"),
        (["/x"], "/in", "BAD_DATASET_NAME: --dataset '/x'"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, input_root, message):
    with pytest.raises(BadConfig, match=message):
        named_inputs(given, input_root)


@pytest.mark.parametrize(
    ("root", "output_root"),
    [("/out", "/out/am"), ("/out/", "/out/am"), ("s3://b", "s3://b/am"), ("s3://b/x", "s3://b/x/am"), ("/", "/am")],
)
def test_a_data_set_is_written_to_the_folder_of_its_name(root, output_root):
    roots = RunRoots.of_dataset("/in", root, "am")
    assert roots.output_root == output_root
    assert roots.datasets_root == (root.rstrip("/") or "/")


def test_roots_of_a_data_set_travel_with_a_request():
    roots = RunRoots.of_dataset("/in", "/out", "am", "/state")
    request = RunRequest("grid", GridOptions(), roots)
    assert RunRequest.from_mapping(request.to_mapping()) == request
    assert request.pin_argv()[:5] == [
        "pin",
        "grid",
        "--input-root=/in",
        "--output-root=/out",
        "--state-root=/state",
    ]
    assert "--dataset=am" in request.pin_argv()
    assert request.resume_argv()[:2] == ["resume", "--output-root=/out/am"]


def test_the_output_of_a_data_set_has_its_name():
    with pytest.raises(ValueError, match="a folder of that name, not /out/other"):
        RunRoots("/in", "/out/other", dataset="am")
