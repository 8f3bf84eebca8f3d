"""Settings of a training cannot be impossible."""

import dataclasses

import pytest

from services.training.spec import FREE, TrainSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_epochs", 0),
        ("accumulation_steps", 0),
        ("max_bad_steps", 0),
        ("save_every", 0),
        ("log_every", 0),
        ("keep_last_n", -1),
        ("num_workers", -1),
        ("gradient_clip", 0.0),
        ("save_every_s", 0.0),
        ("dist_timeout_s", -1.0),
    ],
)
def test_a_number_out_of_range_is_refused_with_its_rule(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value}: give"):
        TrainSettings(**{name: value})


def test_what_decides_nothing_is_among_the_settings():
    assert {field.name for field in dataclasses.fields(TrainSettings)} > FREE
