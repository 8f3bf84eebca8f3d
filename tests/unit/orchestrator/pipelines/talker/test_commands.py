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
        ("train_328.py --name a --train_syncnet", "train talker --name a --train_syncnet"),
        ("training_328 May 0", "training-328 talker --name=May --gpu=0"),
        ("training_328 talker 0 --epochs 2", "training-328 talker --name=talker --gpu=0 --epochs 2"),
        ("training_328 --name May", "training-328 talker --name May"),
    ],
)
def test_the_scripts_lines_are_runs(line, expected):
    translated, notes = translate_original(line.split(" "))
    assert (translated, notes) == (expected.split(" "), [])
