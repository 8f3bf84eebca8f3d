"""Settings come from the defaults, a preset, a file, the command line: each wins over those before it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.commands import build_parser
from orchestrator.cli.main import main
from orchestrator.pipelines.grid_ctc.presets import PRESETS
from services.base.errors import EXIT_BAD_CONFIG, EXIT_USAGE

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str, name: str = "config.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


def parsed(*words: object, command: str = "train") -> Any:
    return build_parser(command).parse_args([command, "grid-ctc", *map(str, words)])


def test_each_wins_over_those_before_it(write: Write) -> None:
    config = write("batch_frames: 700\nlearning-rate: 2e-4\nnum_epochs: 150\n")
    flags = parsed("--preset", "cpu", "--config", config, "--num_epochs", 3)
    assert (flags.size, flags.num_ranks) == ("tiny", 2), "of the preset"
    assert (flags.batch_frames, flags.learning_rate) == (700, 2e-4), "of the file, not of the preset or the default"
    assert flags.num_epochs == 3, "of the command line"
    assert flags.weight_decay == 0.01, "of the defaults"


def test_the_order_of_the_words_decides_nothing(write: Write) -> None:
    config = write("batch_frames: 700\n")
    line = ("--batch_frames", 5, f"--config={config}", "--preset=24gb")
    for words in (line, (*line[2:], *line[:2])):
        flags = parsed(*words)
        assert (flags.batch_frames, flags.precision) == (5, "bf16")
    assert parsed().batch_frames == 600, "nothing is left of an earlier line"


def test_roots_may_stand_in_the_file(write: Write) -> None:
    flags = parsed("--config", write("data_root: records\ncheckpoint_dir: here\n"))
    assert (flags.data_root, flags.output_root) == ("records", "here")


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_taken(name: str) -> None:
    flags = parsed("--preset", name)
    assert {key: getattr(flags, key) for key in PRESETS[name]} == PRESETS[name]


def test_a_request_file_wins_over_both_and_holds_what_they_make(write: Write, capsys: Any) -> None:
    config = write("batch_frames: 700\nnum_epochs: 7\n")
    line = ["train", "grid-ctc", "--data-root", "r", "--preset", "cpu", "--config", str(config), "--print-request"]
    assert main([*line, "-o", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["batch-frames"], printed["size"]) == (700, "tiny")
    assert not {"config", "preset"} & set(printed)
    request = write("num-epochs: 9\n", "request.yaml")
    assert parsed("--config", config, "--request", request).num_epochs == 9


def test_plan_takes_the_same(write: Write) -> None:
    flags = parsed("--preset", "12gb", "--config", write("seed: 5\n"), command="plan")
    assert (flags.precision, flags.seed) == ("fp16", 5)


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        ("num_epoch: 3", "UNKNOWN_SETTING", "no flag of `visemill train grid-ctc`; did you mean num-epochs?"),
        ("size: tinny", "BAD_SETTING", "line 1: size must be one of full, tiny, not 'tinny': did you mean tiny?"),
        ("seed: 1\nnum_epochs: many", "BAD_SETTING", "line 2: num-epochs must be a whole number, not 'many'"),
        ("num_epochs: 0", "BAD_SETTING", "num_epochs is 0: give 1 or more"),
        ("clip_time_s: 3", "UNKNOWN_SETTING", "clip-time-s is no flag"),
        ("- 1", "BAD_REQUEST_FILE", "it must be a mapping"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_named_with_its_place(
    write: Write, capsys: Any, text: str, reason: str, said: str
) -> None:
    assert main(["train", "grid-ctc", "--data-root", "r", "--config", str(write(text))]) == EXIT_BAD_CONFIG
    error = capsys.readouterr().err
    assert reason in error and said in error


def test_a_file_that_is_not_there_is_named_by_its_flag(capsys: Any) -> None:
    assert main(["train", "grid-ctc", "--config", "nowhere.yaml"]) == EXIT_BAD_CONFIG
    assert "--config nowhere.yaml cannot be read" in capsys.readouterr().err


def test_a_preset_that_there_is_none_of_names_the_nearest(capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed("--preset", "12g")
    assert ended.value.code == EXIT_USAGE
    assert "did you mean 12gb?" in capsys.readouterr().err
