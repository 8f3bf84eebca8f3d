"""What `test` and `stats` ask of the service."""

from pathlib import Path

import pytest
from grid_records import speakers_clips, write_shards

from orchestrator.pipelines.grid_ctc.entry_points import infer, lm, stats
from orchestrator.pipelines.grid_ctc.entry_points import test as run_test
from services.base.errors import BadConfig
from services.training.recipes.exported import InferSettings
from services.training.recipes.grid_ctc.command_settings import EstimateSettings, StatsSettings, TestSettings

pytest.importorskip("torch")


def test_settings_reach_the_service(tmp_path: Path) -> None:
    write_shards(tmp_path, {"train": [speakers_clips("s1", clips=10)]})
    outcome = stats(StatsSettings(data_root=str(tmp_path), val_share=0.3, state_root=str(tmp_path / "state")))
    assert outcome.data["splits"]["val"]["clips"] == 3 and (tmp_path / "state/indexes").is_dir()


def test_a_language_model_is_counted_by_the_service(tmp_path: Path) -> None:
    (tmp_path / "texts").write_text("set red\n")
    outcome = lm(EstimateSettings(text=str(tmp_path / "texts"), output=str(tmp_path / "lm.arpa"), order=2))
    assert outcome.data["sentences"] == 1 and outcome.text.endswith(f"lm: {outcome.data['sha256']}")
    assert (tmp_path / "lm.arpa").read_text().startswith("\\data\\\nngram 1=9\n")


def test_a_test_without_a_checkpoint_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as refused:
        run_test(TestSettings(data_root=str(tmp_path), checkpoint_dir=str(tmp_path / "none")))
    assert refused.value.reason == "NO_CHECKPOINT"


def test_reading_a_clip_without_a_bundle_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as refused:
        infer(InferSettings(video_path=str(tmp_path / "a.mpg"), bundle=str(tmp_path / "none")))
    assert refused.value.reason == "BUNDLE_MISSING"


@pytest.mark.parametrize(
    "given", [{}, {"video_path": "a.mpg"}, {"video_path": "a", "bundle": "b", "checkpoint_dir": "c"}]
)
def test_a_clip_and_one_reader_are_asked_for(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"--video-path|--bundle"):
        InferSettings(**given)
