"""How a clip becomes frames, as values."""

from services.training.data.lips.reading import Reading


def test_readings_that_differ_are_not_the_same_data() -> None:
    assert list(Reading(96, 96, 25.0, "time", 500)) == [96, 96, 25.0, "time", 500]
    assert Reading(96, 96, 25.0, "time", 500) != Reading(96, 96, 25.0, "step", 500)
