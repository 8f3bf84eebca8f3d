"""A training on persons' folders says what makes it unlikely to learn."""

import numpy as np

from services.training.data.talker.person import Person
from services.training.recipes.talker.notes import notes_of


def person(num: int, num_rows: int) -> Person:
    crops = np.zeros((num, 1, 1, 3), np.uint8)
    flags = np.ones(num, np.bool_)
    return Person("anna", "mel", crops, np.zeros((num_rows, 512), np.float32), flags, flags, "anna")


def test_little_speech_and_rows_without_frames_are_told():
    little, unpaired = notes_of([person(100, 99)], 25.0)
    assert little.startswith("LITTLE_SPEECH: 4 s") and "anna has 100 frames and 99 rows of sound:" in unpaired


def test_a_minute_of_speech_is_no_matter():
    assert notes_of([person(1500, 1500)], 25.0) == []
