import dataclasses

import pytest

from services.training.lipreading.preparation.draws import Augmentation
from services.training.lipreading.windows import Curriculum
from services.training.recipes.grid_ctc.spec import RECIPE, GridCtcConfig
from services.training.spec import TrainSettings


def test_its_settings_are_those_of_every_training_and_its_own() -> None:
    names = {field.name for field in dataclasses.fields(GridCtcConfig)}
    assert {field.name for field in dataclasses.fields(TrainSettings)} < names
    assert GridCtcConfig().augmentation == Augmentation()
    assert GridCtcConfig().curriculum == Curriculum()


@pytest.mark.parametrize(
    ("config", "rate"),
    [
        (GridCtcConfig(size="tiny"), 2e-3),
        (GridCtcConfig(), 5e-4),
        (GridCtcConfig(size="tiny", learning_rate=0.1), 0.1),
    ],
)
def test_the_learning_rate_follows_the_size_unless_it_is_given(config: GridCtcConfig, rate: float) -> None:
    assert config.peak_learning_rate == rate


@pytest.mark.parametrize(
    ("settings", "frames"),
    [({}, 600), ({"batch_frames": 300}, 300), ({"batch_size": 4}, 300), ({"batch_size": 4, "batch_frames": 4800}, 300)],
)
def test_a_micro_batch_is_told_in_frames_or_in_clips_which_decide_where_both_are(
    settings: dict[str, int], frames: int
) -> None:
    assert GridCtcConfig(**settings).micro_batch_frames(longest_frames=75) == frames


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"size": "tiny", "encoder": "conformer"}, "--size full"),
        ({"dropout": 1.0}, "dropout 1.0"),
        ({"batch_frames": 0}, "batch_frames 0"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"weight_decay": -1.0}, "weight_decay -1.0"),
        ({"flip": 2.0}, "flip 2.0"),
        ({"windows_only": 0.7}, "windows_only <= whole_only"),
        ({"num_epochs": 0}, "num_epochs is 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(bad: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        GridCtcConfig(**bad)


def test_a_run_is_another_where_something_else_is_learnt_and_not_where_data_are_read_otherwise() -> None:
    def values(**settings: object) -> dict[str, object]:
        return dict(RECIPE.fingerprint(GridCtcConfig(**settings)).key_config)

    assert values(size="tiny") != values()
    assert values(seed=2) != values()
    assert values(batch_size=8) != values(batch_size=4) != values()
    assert values(batch_size=8, batch_frames=4800) == values(batch_size=8), "frames say nothing where clips do"
    assert values(data_root="/elsewhere", cache_mib=1, num_workers=7, beam_width=3) == values()
