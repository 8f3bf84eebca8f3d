"""The command line: words of the original script, usage, and what every command shares."""

import json
from pathlib import Path

import pytest

from orchestrator.cli import main as cli
from orchestrator.cli.main import build_parser, main, translate_original
from services.base.errors import BadConfig


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("count-utterances --input-root data", "count grid --input-root data"),
        ("count-utterances grid --input-root data", "count grid --input-root data"),
        ("grid-to-tfrecords-parallel --input-root a --workers 8", "run grid --input-root a --workers 8"),
        ("grid_to_tfrecords_parallel.py --input_root a", "run grid --input_root a"),
        ("run grid --input-root a", "run grid --input-root a"),
        ("", ""),
    ],
)
def test_command_lines_of_the_original_script_are_understood(words: str, expected: str) -> None:
    assert translate_original(words.split()) == (expected.split(), [])


@pytest.mark.parametrize(
    "line",
    [
        "run grid --input_root a --output_root=b --num_shards 3 --no_artifact_cache",
        "run grid --input-root a --output-root=b --num-shards 3 --no-artifact-cache",
        "run grid --input_root a --output-root=b --num_sha=3 --no-artifact_cache",
    ],
)
def test_dashes_and_underscores_of_flags_are_alike(line: str) -> None:
    flags = build_parser("run").parse_args(line.split())
    assert (flags.input_root, flags.output_root, flags.num_shards, flags.artifact_cache) == ("a", "b", 3, False)


@pytest.mark.parametrize(
    ("line", "command", "said"),
    [
        ("", "visemill", "the following arguments are required: COMMAND"),
        ("rum", "visemill", "argument COMMAND: there is no 'rum'; did you mean run?"),
        ("nonsense", "visemill", "argument COMMAND: there is no 'nonsense'; see the help for all"),
        ("run", "visemill run", "the following arguments are required: PIPELINE"),
        ("run grid", "visemill run grid", "the following arguments are required: --input-root, --output-root"),
        ("run grid --input-root a", "visemill run grid", "the following arguments are required: --output-root"),
        (
            "run sign a b --label-from x",
            "visemill run sign",
            "argument --label-from: there is no 'x'; choose from folder",
        ),
        (
            "run grid --input-root a --output-root b --num-shard-s=3",
            "visemill run grid",
            "unrecognized arguments: --num-shard-s=3; did you mean --num-shards?",
        ),
        ("gc --max-gb many", "visemill gc", "argument --max-gb: invalid float value: 'many'"),
    ],
)
def test_a_usage_error_is_its_message_and_where_help_is(
    line: str, command: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(line.split())
    assert caught.value.code == 64
    assert capsys.readouterr().err == f"{command}: {said}\nsee {command} --help\n"


def test_a_run_of_the_original_script_parses_with_all_its_flags() -> None:
    line = (
        "grid-to-tfrecords-parallel --input-root data --output-root out --split-config split.yaml --num-shards 64 "
        "--max-frames 75 --max-examples 0 --workers 8 --decode-max-frames -1 --dlib-predictor file.dat"
    )
    flags = build_parser().parse_args(translate_original(line.split())[0])
    assert (flags.pipeline, flags.num_shards, flags.workers, flags.decode_max_frames) == ("grid", 64, 8, -1)


def test_an_error_says_last_where_its_logs_are(capsys: pytest.CaptureFixture[str]) -> None:
    error = BadConfig("CONTENT_LEAK", "two splits hold the same frames", "s1/a, s2/b")
    error.logs = "/state/runs/x/logs"
    assert cli._fail("text", error) == 78
    assert capsys.readouterr().err.splitlines()[-2:] == ["s1/a, s2/b", "  logs: /state/runs/x/logs"]
    assert cli._fail("json", error) == 78
    assert json.loads(capsys.readouterr().out)["logs"] == "/state/runs/x/logs"


def test_control_characters_of_names_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["count", "grid", "--input-root", str(tmp_path / "a\x1b[2J\x9bb")]) == 78
    said = capsys.readouterr().err
    assert "a\\x1b[2J\\x9bb; check the path" in said and "\x1b" not in said and said.endswith("\n")
