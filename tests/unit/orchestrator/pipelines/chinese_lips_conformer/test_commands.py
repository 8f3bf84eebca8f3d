"""The verbs of the pipeline."""

import pytest

from orchestrator.cli.commands import build_parser
from orchestrator.pipelines.chinese_lips_conformer.commands import COMMANDS
from orchestrator.pipelines.commands import resolve
from services.base.stage.fields import fields_of


def test_a_training_takes_the_data_sets_flags_in_both_spellings() -> None:
    words = ["train", "chinese-lips-conformer", "--data_root", "d", "--preset", "cpu", "--ctc_weight", "0.5"]
    flags = build_parser("train").parse_args(words)
    assert (flags.pipeline, flags.size, flags.ctc_weight) == ("chinese-lips-conformer", "small", 0.5)


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("test", {"--data-root", "--checkpoint-dir", "--normalization"}),
        ("infer", {"--video-path", "--bundle", "--checkpoint-dir", "--cropped"}),
        ("export", {"--bundle", "--onnx", "--mouth-profile"}),
        ("stats", {"--data-root"}),
        ("lm", {"--data-root", "--text", "--output", "--order"}),
    ],
)
def test_the_other_commands_have_flags_and_something_to_call(name: str, flags: set[str]) -> None:
    (verb,) = (verb for verb in COMMANDS.own if verb.name == name)
    assert flags <= {field.flag for field in fields_of(resolve(verb.options))}
    assert callable(resolve(verb.calls))
