"""What is drawn for a clip follows from its name, and leaves room for its text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

torch = pytest.importorskip("torch")

from services.training.interfaces import Batch, Item  # noqa: E402
from services.training.lipreading.preparation.draws import Augmentation  # noqa: E402
from services.training.recipes.with_draws import WithDraws  # noqa: E402


class Clips:
    items: Sequence[Item] = (Item("a", 5, 5),)
    digest = "d"

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        del indices, seed_name
        return {"keys": ["a"], "texts": ["abcde"], "lengths_B": torch.tensor([5])}


@pytest.mark.parametrize(("steps_per_frame", "fastest"), [(1, 1.0), (2, 2.0)])
def test_no_clip_is_made_faster_than_its_text_needs(steps_per_frame: int, fastest: float) -> None:
    data = WithDraws(Clips(), Augmentation(slowest=2, fastest=2), steps_per_frame)
    (draw,) = data.read([0], "1/0")["draws"]
    assert draw.speed == fastest
    assert (data.digest, len(data.items)) == ("d", 1)
