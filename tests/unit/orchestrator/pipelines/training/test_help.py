"""The help of a training shows what means something to it."""

import pytest

from orchestrator.cli.commands import build_parser
from orchestrator.cli.main import main
from orchestrator.runs.policy import Policy


def help_of(capsys, *words):
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "flag",
    ["--workers ", "--clip-time-s", "--clip-memory-mib", "--artifact-cache", "--remote", "--max-failures", "--dataset",
     "--input-root", "--output-root", "--ignore-free-space", "--follow-links"],
)  # fmt: skip
def test_what_is_of_clips_is_not_shown(capsys, flag):
    assert flag not in help_of(capsys, "train", "grid-ctc")
    assert flag.strip() in help_of(capsys, "run", "grid")


def test_what_a_training_takes_is_shown_before_the_rest(capsys):
    text = help_of(capsys, "train", "grid-ctc")
    words = " ".join(text.split())
    assert f"may end without a new checkpoint (default: {Policy().max_generations})" in words
    headings = [line.rstrip(":") for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings[:5] == ["data set", "settings", "training", "lipreader", "output"]


def test_flags_that_are_not_shown_are_taken():
    flags = build_parser("train").parse_args(["train", "grid-ctc", "--output-root", "out", "--workers", "2"])
    assert (flags.output_root, flags.workers) == ("out", 2)
