"""Of a clip that is held out, which frames are painted."""

import numpy as np
import pytest

pytest.importorskip("torch")

from services.training.data.talker.person import Person
from services.training.data.talker.sync_data import Held
from services.training.recipes.talker_unet.painted import MOST_FRAMES, chosen_frames


@pytest.mark.parametrize(("num", "chosen"), [(7, 7), (200, MOST_FRAMES), (0, 0)])
def test_frames_are_chosen_from_end_to_end_and_at_most_so_many(num: int, chosen: int) -> None:
    marks = np.ones(300, np.bool_)
    person = Person(
        "a", "mel", np.zeros((300, 168, 168, 3), np.uint8), np.zeros((300, 512), np.float32), marks, marks, "a"
    )
    found = chosen_frames(Held(person, tuple(range(100, 100 + num))))
    assert len(found) == chosen and (not num or (found[0], found[-1]) == (100, 99 + num))
