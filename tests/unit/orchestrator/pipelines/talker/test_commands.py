"""The scripts' names stand for a run of talker."""

import pytest

from orchestrator.cli.parsing.originals import translate_original


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("preprocess_data.py --video_path v.mp4 --name a", "run talker --video_path v.mp4 --name a"),
        ("batch_preprocess --video_dir d", "run talker --video_dir d"),
        (
            "batch-preprocess.py --json_config c.json --asr_model hubert",
            "run talker --json_config c.json --asr_model hubert",
        ),
    ],
)
def test_the_scripts_lines_are_runs(line, expected):
    translated, notes = translate_original(line.split(" "))
    assert (translated, notes) == (expected.split(" "), [])
