"""How far a training is."""

import math

import pytest

from services.base.errors import BadConfig
from services.training.checkpoint.progress import Progress, progress_of


def test_progress_is_plain_values_and_back():
    progress = Progress(epochs_done=2, step=7, val_losses=[1.0], log=["a"])
    assert progress_of(progress.to_plain()) == progress
    with pytest.raises(BadConfig, match="CHECKPOINT_DAMAGED"):
        progress_of({"epochs": 3})


@pytest.mark.parametrize(
    ("epochs_done", "steps_done", "epoch"), [(0, 0, 0), (0, 3, 0), (1, 0, 0), (1, 3, 1), (5, 0, 4)]
)
def test_the_epoch_is_the_last_one_as_scripts_count(epochs_done, steps_done, epoch):
    assert Progress(epochs_done, steps_done).epoch == epoch


def test_the_best_is_the_least_score_and_one_that_is_no_number_never_is():
    progress = Progress()
    for step, score in enumerate([math.nan, 0.5, 0.7, 0.5, 0.4, math.nan], 1):
        progress.step = step
        progress.epoch_steps.append(step)
        progress.note_validation(1.0, score)
    assert (progress.best_step, progress.best_score, progress.epochs_since_best()) == (5, 0.4, 1)


def test_there_is_a_best_even_where_no_score_was_a_number():
    progress = Progress(step=4)
    progress.note_validation(1.0, math.nan)
    assert progress.best_step == 4
