"""Command lines of scripts become ours: their spellings, their defaults, what does nothing, and what they hand on."""

import dataclasses
from pathlib import Path

import pytest

from orchestrator.cli.commands import build_parser
from orchestrator.cli.main import main
from orchestrator.cli.parsing.originals import translate_original, with_only_pipeline
from orchestrator.pipelines.commands import Original, Verb, commands_of

SCRIPTS = {
    "signs_train.py": Original("run", {"--video_dir": "--input-root", "--out": "--output-root"}),
    "signs_many": Original(
        "run",
        {"--video_dir": "--input-root"},
        defaults={"--batch-size": "4"},
        default_files={"--label-map": "labels/map.csv"},
        unused={"--launch-delay": "nothing is launched that could wait"},
        rest="--extra-args",
    ),
}


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands = dataclasses.replace(commands_of("sign"), originals=SCRIPTS)
    monkeypatch.setattr("orchestrator.pipelines.sign.commands.COMMANDS", commands)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("script", ["signs_train.py", "signs_train", "signs-train", "signs-train.py"])
@pytest.mark.parametrize("pipeline", [[], ["sign"]])
def test_the_command_line_of_a_script_is_ours(script: str, pipeline: list[str]) -> None:
    line, notes = translate_original([script, *pipeline, "--video-dir=a", "--out", "b", "--write_keypoints"])
    assert line == ["run", "sign", "--input-root=a", "--output-root", "b", "--write_keypoints"]
    assert notes == []
    flags = build_parser("run").parse_args(line)
    assert (flags.input_root, flags.output_root, flags.write_keypoints) == ("a", "b", True)


def test_what_no_script_is_called_stays() -> None:
    assert translate_original(["run", "sign", "--x"]) == (["run", "sign", "--x"], [])
    assert translate_original([]) == ([], [])


@pytest.mark.parametrize(("given", "batch_size"), [([], 4), (["--batch-size", "2"], 2), (["--batch_size=2"], 2)])
def test_a_script_has_defaults_of_its_own_and_what_is_given_wins(given: list[str], batch_size: int) -> None:
    line, _ = translate_original(["signs_many", "--video_dir", "a", "--output-root", "b", *given])
    assert build_parser("run").parse_args(line).batch_size == batch_size


def test_a_default_that_is_a_file_counts_where_the_file_is() -> None:
    assert not any("label-map" in word for word in translate_original(["signs_many"])[0])
    Path("labels").mkdir()
    Path("labels/map.csv").touch()
    assert "--label-map=labels/map.csv" in translate_original(["signs_many"])[0]


@pytest.mark.parametrize("given", [["--launch-delay", "3"], ["--launch_delay=3"]])
def test_a_flag_that_does_nothing_is_taken_and_said_so(given: list[str]) -> None:
    line, notes = translate_original(["signs_many", *given, "--quiet"])
    assert line == ["run", "sign", "--batch-size=4", "--quiet"]
    assert [note.replace("_", "-") for note in notes] == [
        "--launch-delay 3 has no effect: nothing is launched that could wait"
    ]


@pytest.mark.parametrize(
    "rest",
    [["--extra-args", "--out-size", "64"], ["--extra_args", "--", "--out-size", "64"], ["--extra-args=--out-size 64"]],
)
def test_what_a_script_hands_on_is_a_flag_as_any_other(rest: list[str]) -> None:
    line, _ = translate_original(["signs_many", "--video_dir", "a", "--output-root", "b", *rest])
    flags = build_parser("run").parse_args(line)
    assert (flags.input_root, flags.out_size) == ("a", 64)


def test_the_notes_are_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["signs_many", "--launch-delay", "3", "--video_dir", "none", "--output-root", "out", "--write-keypoints"]
    assert main(line) == 78
    assert capsys.readouterr().err.startswith("note: --launch-delay 3 has no effect")


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["measure", "--x"], ["measure", "sign", "--x"]),
        (["measure"], ["measure", "sign"]),
        (["measure", "-h"], ["measure", "sign", "-h"]),
        (["measure", "sign", "--x"], ["measure", "sign", "--x"]),
        (["measure", "other", "--x"], ["measure", "other", "--x"]),
        (["both", "--x"], ["both", "--x"]),
        (["run", "--x"], ["run", "--x"]),
        (["nothing", "--x"], ["nothing", "--x"]),
        ([], []),
    ],
)
def test_a_verb_of_a_single_pipeline_needs_no_name_of_it(
    argv: list[str], line: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for pipeline, names in (("sign", ("measure", "both")), ("grid", ("both",))):
        own = tuple(Verb(name, "measure", options="a:B", calls="a:c") for name in names)
        monkeypatch.setattr(
            f"orchestrator.pipelines.{pipeline}.commands.COMMANDS",
            dataclasses.replace(commands_of(pipeline), own=own, originals={}),
        )
    assert with_only_pipeline(argv) == line
