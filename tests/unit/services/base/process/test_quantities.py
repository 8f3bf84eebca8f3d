"""Durations, sizes and numbers of things as people read them."""

import pytest

from services.base.process.quantities import counted, duration, num_bytes


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "clip", "0 clips"),
        (1, "clip", "1 clip"),
        (2, "data set", "2 data sets"),
        (1, "process", "1 process"),
        (2, "process", "2 processes"),
        (1, "file of another kind", "1 file of another kind"),
        (3, "file of another kind", "3 files of another kind"),
    ],
)
def test_one_is_singular(number, noun, text):
    assert counted(number, noun) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (63, "1m 03s"), (3900, "1h 05m"), (183600, "2d 3h")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(999, "999 B"), (1000, "1.0 kB"), (1.2e9, "1.2 GB"), (3e15, "3000.0 TB")])
def test_sizes(count, text):
    assert num_bytes(count) == text
