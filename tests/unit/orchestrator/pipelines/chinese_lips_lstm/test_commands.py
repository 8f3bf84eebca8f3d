"""The document's verbs, under both names of the pipeline."""

import pytest

from orchestrator.cli.commands import build_parser
from orchestrator.pipelines.chinese_lips_lstm.commands import COMMANDS
from orchestrator.pipelines.commands import resolve
from services.base.stage.fields import fields_of


@pytest.mark.parametrize("name", ["chinese-lips", "chinese-lips-lstm"])
def test_both_names_are_the_pipeline(name: str) -> None:
    flags = build_parser("train").parse_args(
        ["train", name, "--data_root", "d", "--compat", "seed", "--max_frames", "9"]
    )
    assert (flags.pipeline, flags.max_frames, flags.resample) == ("chinese-lips-lstm", 9, "step")


def test_a_preset_wins_over_a_baseline() -> None:
    words = ["train", "chinese-lips", "--compat", "seed", "--preset", "24gb"]
    flags = build_parser("train").parse_args(words)
    assert (flags.max_frames, flags.batch_size) == (75, 16)


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("test", {"--data-root", "--batch-size", "--checkpoint-dir", "--checkpoint"}),
        ("infer", {"--video-path", "--checkpoint-dir", "--checkpoint", "--ground-truth"}),
        ("inference", {"--video-path", "--checkpoint-dir", "--checkpoint", "--ground-truth"}),
        ("stats", {"--data-root"}),
        ("export", {"--onnx", "--bundle", "--checkpoint-dir"}),
        ("download", {"--output-dir", "--cache-dir", "--accept-licence", "--revision", "--unpack"}),
    ],
)
def test_the_other_commands_take_the_documents_flags(name: str, flags: set[str]) -> None:
    (verb,) = (verb for verb in COMMANDS.own if verb.name == name)
    assert flags <= {field.flag for field in fields_of(resolve(verb.options))}
    assert callable(resolve(verb.calls))
