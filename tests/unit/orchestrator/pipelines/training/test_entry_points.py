"""An entry point of a recipe as a command: its values, its text, its failures."""

import json
from pathlib import Path

import pytest
from grid_records import speakers_clips, write_shards

from orchestrator.cli.main import main
from orchestrator.pipelines.grid_ctc.entry_points import stats
from services.base.errors import EXIT_BAD_CONFIG, EXIT_OK, BadConfig
from services.training.recipes.grid_ctc.command_settings import StatsSettings


def test_what_the_service_answers_is_the_outcome(tmp_path: Path) -> None:
    write_shards(tmp_path, {"train": [speakers_clips("s1", clips=2)], "test": [speakers_clips("s2", clips=3)]})
    outcome = stats(StatsSettings(data_root=str(tmp_path)))
    assert (outcome.data["splits"]["test"]["clips"], outcome.exit_code) == (3, EXIT_OK)
    assert "text" not in outcome.data and outcome.text.startswith("split")


def test_what_the_service_refuses_is_refused_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as refused:
        stats(StatsSettings(data_root=str(tmp_path)))
    assert refused.value.reason == "NO_TRAIN_CLIPS"


def test_by_the_command_line_with_either_spelling(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_shards(tmp_path, {"train": [speakers_clips("s1", clips=2)]})
    assert main(["stats", "grid-ctc", "--data_root", str(tmp_path), "--val_share=0", "-o", "json"]) == EXIT_OK
    assert json.loads(capsys.readouterr().out)["splits"]["train"]["clips"] == 2
    assert main(["stats", "grid-ctc"]) == EXIT_BAD_CONFIG
