"""A request in a file: flags by their names; the command line wins; what is wrong is named with its place."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.commands import build_parser
from orchestrator.cli.main import main
from orchestrator.cli.parsing.request_file import request_path, with_place
from services.base.errors import EXIT_BAD_CONFIG, EXIT_OK

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        path = tmp_path / "request.yaml"
        path.write_text(text)
        return path

    return written


def parsed(path: Path, *words: str, command: str = "run", pipeline: str = "grid") -> argparse.Namespace:
    return build_parser(command).parse_args([command, pipeline, "--request", str(path), *words])


ALL = """
pipeline: grid
input-root: in          # by the flags' names, with - or _
output_root: out
num_shards: 8
max-failures: 5%
max-duration-s: 60
artifact-cache: false
quiet: true
quality-policy: keep
remote: [landmarks=a:1, decode=b:2]
run: 007
cluster: kube
namespace: speech
"""


def test_flags_are_given_by_their_names(write: Write) -> None:
    flags = parsed(write(ALL))
    assert (flags.input_root, flags.output_root, flags.num_shards, flags.max_failures) == ("in", "out", 8, "5%")
    assert (flags.max_duration_s, flags.artifact_cache, flags.quiet, flags.quality_policy) == (
        60.0,
        False,
        True,
        "keep",
    )
    assert (flags.remote, flags.run, flags.cluster, flags.namespace) == (
        ["landmarks=a:1", "decode=b:2"],
        "007",
        "kube",
        "speech",
    )


def test_flags_of_the_command_line_win(write: Write) -> None:
    words = ("--num_sha=9", "--artifact-cache", "--output-root", "other", "--remote", "records=c:3", "--workers", "2")
    flags = parsed(write(ALL), *words)
    assert (flags.num_shards, flags.artifact_cache, flags.output_root) == (9, True, "other")
    assert flags.remote == ["records=c:3"] and flags.input_root == "in"
    assert "--num-shards" not in flags.request_places and "--quiet" in flags.request_places


def test_a_flag_whose_name_begins_another_leaves_that_to_the_file(write: Write) -> None:
    path = write("input-root: a\noutput-root: b\nworkers: 3\nworkers-device: cuda\n")
    flags = parsed(path, "--workers", "2", command="pin")
    assert (flags.workers, flags.workers_device) == (2, "cuda")


def test_the_file_is_of_one_command_line_alone(write: Write) -> None:
    path, parser = write("output-root: b\nnum-shards: 3\n"), build_parser("run")
    assert parser.parse_args(f"run grid --request {path} --input-root a".split()).num_shards == 3
    assert parser.parse_args(["run", "grid", "--input-root", "a", "--output-root", "b"]).num_shards == 64


@pytest.mark.parametrize(
    ("line", "roots"),
    [("", ("in", "out")), ("x", ("x", "out")), ("x y", ("x", "y")), ("--output-root=y", ("in", "y"))],
)
def test_roots_by_their_place_win_too(write: Write, line: str, roots: tuple[str, str]) -> None:
    path = write("input-root: in\noutput-root: out\nwrite-keypoints: true\n")
    flags = parsed(path, *line.split(), pipeline="sign")
    assert (flags.input_root, flags.output_root, flags.write_keypoints) == (*roots, True)


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        ("num-shard: 8", "UNKNOWN_SETTING", "{}, line 1: num-shard is no flag of `{prog}`; did you mean num-shards?"),
        ("\nxyz: 8", "UNKNOWN_SETTING", "{}, line 2: xyz is no flag of `{prog}`; `{prog} --help` lists all"),
        ("request: other", "UNKNOWN_SETTING", "{}, line 1: request is no flag of `visemill run grid`"),
        ("num-shards: eight", "BAD_SETTING", "{}, line 1: num-shards must be a whole number, not 'eight': correct it"),
        ("num-shards: '8'", "BAD_SETTING", "num-shards must be a whole number, not '8'"),
        ("num-shards:", "BAD_SETTING", "num-shards must be a whole number, not None"),
        ("max-duration-s: .inf", "BAD_SETTING", "max-duration-s must be a finite number, not inf"),
        ("quiet: 1", "BAD_SETTING", "quiet must be true or false, not 1"),
        ("max-failures: no", "BAD_SETTING", "max-failures must be text, not False: correct it in quotes"),
        ("quality-policy: drop", "BAD_SETTING", "quality-policy must be one of keep, flag, quarantine, not 'drop'"),
        ("remote: [1]", "BAD_SETTING", "{}, line 1: remote"),
        ("pipeline: sign", "BAD_SETTING", "{}, line 1: pipeline is 'sign' and the command's is grid"),
        ("num-shards: 8\nnum_shards: 9", "BAD_REQUEST_FILE", "{}, line 2: num-shards is in line 1 too: keep one"),
        ("- a", "BAD_REQUEST_FILE", "{}: it must be a mapping"),
        ("num-shards: [8", "BAD_REQUEST_FILE", "{}: not YAML"),
        ("num-shards: 0", "BAD_FLAGS", "--num-shards must be 1 or more, not 0 ({}, line 1: num-shards)"),
        ("max-attempts: 0", "BAD_FLAGS", "--max-attempts must be 1 or more, not 0 ({}, line 1: max-attempts)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place_and_exit_code_78(
    text: str, reason: str, said: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(text)
    line = ["run", "grid", "--request", str(path), "--input-root", "a", "--output-root", "b", "--print-request"]
    assert main([*line, "-o", "json"]) == EXIT_BAD_CONFIG
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["reason"] == reason and said.format(path, prog="visemill run grid") in error["message"]


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "grid", "--request", "nowhere.yaml"]) == EXIT_BAD_CONFIG
    assert "--request nowhere.yaml cannot be read: No such file" in capsys.readouterr().err


def test_the_file_may_name_the_pipeline(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(ALL.replace("cluster: kube", "cluster: local"))
    assert main(["run", "--request", str(path), "--print-request", "-o", "json"]) == EXIT_OK
    assert json.loads(capsys.readouterr().out)["pipeline"] == "grid"
    assert main(["run", "--request", str(write("num-shards: 3"))]) == EXIT_BAD_CONFIG
    assert "has no `pipeline: NAME`: add it, or give it after run" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["text", "json"])
def test_what_is_printed_can_be_given_back(output: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Roots and files as whole paths, the settings of a cluster from wherever they come."""
    words = ("--split-config", "s.yaml", "--num-shards", "9", "--print-request", "-o", output)
    line = ["run", "grid", "--request", str(write(ALL)), *words]
    assert main(line) == EXIT_OK
    first = capsys.readouterr().out
    again = write(first)
    assert main(["run", "--request", str(again), "--print-request", "-o", output]) == EXIT_OK
    assert capsys.readouterr().out == first
    flags = parsed(again)
    assert flags.input_root == str(Path("in").absolute()) and flags.split_config == str(Path("s.yaml").absolute())
    assert (flags.num_shards, flags.parallelism, flags.namespace, flags.run) == (9, 4, "speech", "007")


@pytest.mark.parametrize("command", ["count", "plan", "pin"])
@pytest.mark.parametrize("pipeline", ["grid", "tts"])
def test_a_file_of_a_run_is_for_the_commands_before_it_too(
    command: str, pipeline: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--input-root", "in", "--output-root", "out", "--num-shards", "3", "--max-attempts", "7"]
    assert main(["run", pipeline, *words, "--print-request"]) == EXIT_OK
    flags = parsed(write(capsys.readouterr().out), command=command, pipeline=pipeline)
    assert flags.input_root == str(Path("in").absolute()) and flags.num_shards == 3


def test_a_word_that_is_no_flag_of_a_run_either_is_refused(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("input-root: in\nmax-attempts: 3\nmax-attempt: 3\n")
    assert main(["count", "grid", "--request", str(path)]) == EXIT_BAD_CONFIG
    assert "line 3: max-attempt is no flag of `visemill count grid`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("run grid", ""),
        ("run --request a", "a"),
        ("run --request=a=b", "a=b"),
        ("run -- --request a", ""),
        ("--request", ""),
    ],
)
def test_where_the_file_is_named(line: str, path: str) -> None:
    assert request_path(line.split()) == path


def test_only_the_flags_that_a_message_names_have_their_place_told() -> None:
    places = {"--max-frames": "f, line 1: max-frames", "--max": "f, line 2: max"}
    assert with_place("--max-frames must be 1", places) == "--max-frames must be 1 (f, line 1: max-frames)"
    assert with_place("all is wrong", places) == "all is wrong"


def test_several_input_roots_are_a_list_and_come_back_as_one(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = parsed(write("input-root: [a, s3://b/c]\noutput-root: o\n"))
    assert (flags.input_root, list(flags.further_roots)) == ("a", ["s3://b/c"])
    # The command line wins as a whole.
    flags = parsed(write("input-root: [a, b]\noutput-root: o\n"), "--input-root", "c")
    assert (flags.input_root, list(flags.further_roots)) == ("c", [])
    words = ["--input-root", "/a", "--input-root", "s3://b/c", "--output-root", "/o", "--print-request", "-o", "json"]
    assert main(["run", "grid", *words]) == EXIT_OK
    printed = json.loads(capsys.readouterr().out)
    assert printed["input-root"] == ["/a", "s3://b/c"]
    flags = parsed(write(json.dumps(printed)))
    assert (flags.input_root, list(flags.further_roots)) == ("/a", ["s3://b/c"])
