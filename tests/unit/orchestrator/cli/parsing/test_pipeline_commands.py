"""The commands of pipelines: only those that exist are there, and scripts' command lines become ours."""

import argparse
import dataclasses
import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from orchestrator.cli.commands import build_parser, overview
from orchestrator.cli.main import main
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.commands import Original, Outcome, Verb, commands_of
from services.base.errors import BadConfig
from services.base.stage.fields import option

HERE = __name__


@dataclass(frozen=True)
class StatsOptions:
    data_dir: str = option("", "folder to read", group="data set", aliases=("--wav_dir",))
    num_bins: int = option(4, "bins", group="output")

    def __post_init__(self) -> None:
        if self.num_bins < 1:
            raise BadConfig("BAD_FLAGS", f"--num-bins must be 1 or more, not {self.num_bins}")


def stats(options: StatsOptions) -> Outcome:
    return Outcome({"folder": options.data_dir, "bins": options.num_bins}, exit_code=3)


@pytest.fixture(autouse=True)
def of_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sign pipeline with a training that is a run, statistics of its own, and no plan; the others without run."""
    sys.modules.setdefault(HERE, sys.modules[__name__])
    own = (
        Verb("train", "train a network", same_as="run"),
        Verb("stats", "statistics of a folder", options=f"{HERE}:StatsOptions", calls=f"{HERE}:stats"),
    )
    script = Original("train")
    set_commands(monkeypatch, "grid", shared=("plan", "count", "pin"), originals={})
    set_commands(monkeypatch, "sign", shared=("count",), own=own, originals={"signs_train.py": script})
    set_commands(monkeypatch, "tts", shared=("count", "plan"), own=(), originals={})
    for other in PIPELINES.keys() - {"grid", "sign", "tts"}:
        set_commands(monkeypatch, other, shared=(), own=(), originals={})


def set_commands(monkeypatch: pytest.MonkeyPatch, pipeline: str, **changes: Any) -> None:
    monkeypatch.setattr(
        f"orchestrator.pipelines.{pipeline.replace('-', '_')}.commands.COMMANDS",
        dataclasses.replace(commands_of(pipeline), **changes),
    )


def below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (action,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(action.choices)


def test_only_what_a_pipeline_has_is_there() -> None:
    commands = below(build_parser())
    assert {"train", "stats", "plan", "count", "pin"} <= commands.keys() and "run" not in commands
    assert {name: set(below(commands[name])) for name in ("plan", "count", "train", "stats")} == {
        "plan": {"grid", "tts"},
        "count": {"grid", "sign", "tts"},
        "train": {"sign"},
        "stats": {"sign"},
    }
    text = overview(100)
    assert "\n  stats " in text and "\n  train " in text and "\n  run " not in text


def test_flags_are_added_of_the_pipeline_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """And of all where no pipeline has that name, for the help and for what is refused."""
    set_commands(monkeypatch, "grid", shared=("pin",), aliases=("mouths",))
    set_commands(monkeypatch, "sign", shared=("pin",), aliases=("lips",))

    def of(word: str) -> set[str]:
        pipelines = below(below(build_parser("pin", word))["pin"])
        assert set(pipelines) == {"grid", "mouths", "sign", "lips"}
        return {name for name, parser in pipelines.items() if "--input-root" in parser._option_string_actions}

    assert of("grid") == of("mouths") == {"grid", "mouths"}
    assert of("lips") == of("sign") == {"sign", "lips"}
    assert of("-h") == of("other") == {"grid", "mouths", "sign", "lips"}


def test_a_command_of_its_own_is_made_from_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", "sign", "--wav-dir", "a", "--num_bins", "7", "-o", "json"]) == 3
    assert json.loads(capsys.readouterr().out) == {"folder": "a", "bins": 7}
    assert main(["stats", "sign", "--data-dir", "b"]) == 3
    assert capsys.readouterr().out == "folder: b\nbins: 4\n"
    assert main(["stats", "sign", "--num-bins", "0"]) == 78
    assert "--num-bins must be 1 or more, not 0" in capsys.readouterr().err


def test_a_training_that_is_a_run_has_the_flags_of_a_run() -> None:
    line = ["train", "sign", "in", "out", "--write-keypoints", "--workers", "2", "--max_attempts", "3"]
    flags = build_parser("train").parse_args(line)
    assert (flags.pipeline, flags.input_root, flags.workers, flags.max_attempts) == ("sign", "in", 2, 3)
    assert flags.call.__name__ == "run"


def test_a_command_that_is_there_already_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Verb("gc", "clean", options=f"{HERE}:StatsOptions", calls=f"{HERE}:stats")
    set_commands(monkeypatch, "grid", own=(own,))
    with pytest.raises(ValueError, match="cannot be called gc"):
        build_parser("")
