"""What flags request where a pipeline reads --dataset itself, and spells its output and its processes as it likes."""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.cli.commands import build_parser
from orchestrator.cli.main import main
from orchestrator.cli.runs.request import elsewhere_notes, names_of, request_of, requests_of
from orchestrator.pipelines.data_sets import DatasetFlag, GivenDataSet, NumberFlags, OutputFlag
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.pipelines.sign.options import SignOptions
from services.base.errors import BadConfig


def read(values: Sequence[str], options: SignOptions, output_root: str) -> list[GivenDataSet]:
    """COLOUR=TABLE[=OUTPUT]."""
    found = []
    for value in values:
        colour, table, *output = value.split("=")
        named = dataclasses.replace(options, label_map=table)
        found.append(GivenDataSet(colour, output[0] if output else f"{output_root or '.'}/{colour}_out", named))
    return found


def text(given: GivenDataSet) -> str:
    return f"{given.label}={given.options.label_map}={given.output_root}"


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The sign pipeline as one whose data sets are tables; the working directory is empty."""
    changed = dataclasses.replace(
        pipeline_of("sign"),
        positionals=None,
        output_flag=OutputFlag("--output-dir", "processed"),
        dataset_flag=DatasetFlag("COLOUR=TABLE[=OUTPUT]", "a table of a colour", read, text),
        numbers=NumberFlags("--num-processes", 1, "--workers"),
    )
    monkeypatch.setattr("orchestrator.pipelines.sign.pipeline.PIPELINE", changed)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parsed(*words: str, command: str = "run") -> argparse.Namespace:
    return build_parser(command).parse_args([command, "sign", "--input-root", "in", "--write-keypoints", *words])


@pytest.mark.parametrize(
    ("words", "output", "unused"),
    [
        ([], "processed", 0),
        (["--output-dir", "a"], "a", 0),
        (["--output_root=b"], "b", 0),
        (["--output-dir=a", "--output-root", "b"], "a", 1),
    ],
)
def test_the_output_of_one_data_set(tables: Path, words: list[str], output: str, unused: int) -> None:
    flags = parsed(*words)
    assert request_of(flags).roots.output_root == str(tables / output)
    assert len(flags.unused_flags) == unused


def test_each_data_set_has_its_own_output_and_options(tables: Path) -> None:
    flags = parsed("--dataset", "red=r.csv", "--dataset=blue=b.csv=elsewhere/blue", "--output-root", "root")
    red, blue = requests = requests_of(flags)
    assert [one.roots.output_root for one in requests] == [f"{tables}/root/red_out", f"{tables}/elsewhere/blue"]
    assert [one.options.label_map for one in requests] == ["r.csv", "b.csv"]
    assert (red.roots.dataset, red.roots.datasets_root) == ("red_out", f"{tables}/root")
    assert (blue.roots.dataset, blue.roots.datasets_root) == ("", f"{tables}/elsewhere/blue")
    assert names_of(requests) == ["red_out", f"{tables}/elsewhere/blue"]
    assert f"{tables}/elsewhere/blue" in elsewhere_notes(requests)[0]
    assert "by its own folder alone" in elsewhere_notes(requests)[0]


def test_without_a_root_outputs_below_the_working_directory_are_found_from_there(tables: Path) -> None:
    requests = requests_of(parsed("--dataset", "red=r.csv", "--dataset", "blue=b.csv=b_out"))
    assert [(one.roots.dataset, one.roots.datasets_root) for one in requests] == [
        ("red_out", str(tables)),
        ("b_out", str(tables)),
    ]
    assert elsewhere_notes(requests) == []


@pytest.mark.parametrize(
    "second", ["red=b.csv", "blue=b.csv=red_out", "blue=b.csv=./x/../red_out", "b=b.csv=red_out/b"]
)
def test_two_data_sets_with_one_output_are_refused(second: str) -> None:
    with pytest.raises(BadConfig, match="output of its own") as caught:
        requests_of(parsed("--dataset", "red=r.csv", "--dataset", second))
    assert caught.value.reason == "DUPLICATE_OUTPUT"


def test_a_flag_of_one_output_does_nothing_beside_several(tables: Path) -> None:
    flags = parsed("--dataset", "red=r.csv", "--output-dir", "a")
    assert flags.unused_flags == ["--output-dir a has no effect: each --dataset has its own output"]
    assert request_of(flags).roots.output_root == f"{tables}/red_out"


def test_the_printed_request_has_whole_paths_and_requests_the_same(
    tables: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--dataset", "red=r.csv", "--dataset", "blue=b.csv=x", "--num-processes", "2", "--workers", "5"]
    line = ["run", "sign", "--input-root", "in", "--write-keypoints", *words]
    assert main([*line, "--print-request", "-o", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["dataset"] == [f"red={tables}/r.csv={tables}/red_out", f"blue={tables}/b.csv={tables}/x"]
    assert (printed["num-processes"], printed["workers"], "label-map" in printed) == (2, 5, False)
    (tables / "again.json").write_text(json.dumps(printed))
    again = requests_of(build_parser("run").parse_args(["run", "sign", "--request", "again.json"]))
    assert [one.roots for one in again] == [one.roots for one in requests_of(parsed(*words))]
    assert [(one.limits.num_workers, one.limits.num_decoders) for one in again] == [(2, 5), (2, 5)]


@pytest.mark.parametrize("command", ["plan", "pin"])
def test_other_commands_take_each_in_turn(capsys: pytest.CaptureFixture[str], command: str) -> None:
    words = [command, "sign", "--input-root", "none", "--write-keypoints", "--dataset=a=a.csv", "--dataset=b=b.csv=o"]
    assert main([*words, "-o", "json"]) == 78
    answers = json.loads(capsys.readouterr().out)["datasets"]
    assert [(one["dataset"], one["error"]["reason"]) for one in answers] == [
        ("a_out", "ROOT_MISSING"),
        ("o", "ROOT_MISSING"),
    ]


@pytest.mark.parametrize(
    ("words", "reason"), [((), "BAD_FLAGS"), (("--data-root", "none"), "ROOT_MISSING")], ids=["not said", "not there"]
)
def test_a_root_is_called_by_the_flag_that_names_it(
    capsys: pytest.CaptureFixture[str], words: Sequence[str], reason: str
) -> None:
    assert main(["train", "grid-ctc", *words, "-o", "json"]) == 78
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["reason"] == reason
    assert error["message"].startswith("--data-root")
