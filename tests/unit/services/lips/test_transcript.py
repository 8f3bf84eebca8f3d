"""A transcript tells as many times as characters."""

import numpy as np
import pytest

from services.lips.transcript import Transcript


def test_it_tells_text_times_and_probabilities() -> None:
    found = Transcript("ab", np.array([0.02, 0.5]), np.array([0.5, 1], np.float32), -1.25, 75, 25.0)
    assert found.summary() == {
        **{"text": "ab", "times_s": [0.02, 0.5], "probs": [0.5, 1.0]},
        **{"log_prob": -1.25, "score": -1.25, "num_frames": 75, "cropped": False},
    }
    assert Transcript("", np.zeros(0), np.zeros(0, np.float32), -1.0, 1, 25.0, score=-2.0).summary()["score"] == -2.0


def test_a_character_without_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="2 characters"):
        Transcript("ab", np.zeros(1), np.zeros(2, np.float32), 0.0, 1, 25.0)
