"""Options of a training are the settings of its recipe; files that they name mean the same in any rank."""

from pathlib import Path

import pytest

from orchestrator.pipelines.training.options import config_of, gangs_of, options_of
from services.training.recipes.grid_ctc.spec import GridCtcConfig

Options = options_of("Options", GridCtcConfig)


def test_files_are_named_absolutely_and_auto_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (gang,) = gangs_of("grid-ctc", GridCtcConfig, Options(data_root="records", num_ranks=2, resume="auto"))
    assert (gang.recipe, gang.num_ranks) == ("grid-ctc", 2)
    assert (gang.config["data_root"], gang.config["resume"]) == (f"{tmp_path}/records", "auto")
    (gang,) = gangs_of("grid-ctc", GridCtcConfig, Options(data_root="s3://b/r", resume="a/x.pt"))
    assert (gang.config["data_root"], gang.config["resume"]) == ("s3://b/r", f"{tmp_path}/a/x.pt")


def test_they_are_checked_as_the_recipes() -> None:
    assert config_of(GridCtcConfig, Options()) == GridCtcConfig()
    with pytest.raises(ValueError, match="num_epochs is 0"):
        Options(num_epochs=0)
    with pytest.raises(ValueError, match="min_ranks is 3: give 1 to 2, the number of ranks"):
        Options(num_ranks=2, min_ranks=3)


def test_how_few_ranks_may_go_on_is_said_of_the_pass() -> None:
    options = Options(data_root="/r", num_ranks=4, ranks_per_pod=2, min_ranks=2, min_ranks_after_s=90.0)
    (gang,) = gangs_of("grid-ctc", GridCtcConfig, options)
    assert (gang.num_ranks, gang.min_ranks, gang.min_ranks_after_s) == (4, 2, 90.0)
    assert "min_ranks" not in gang.config
