"""The validation of any lipreader: sums that add up over ranks, whatever the batches; clips that break are counted."""

from collections.abc import Sequence

import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadInput, BadShard  # noqa: E402
from services.training.interfaces import Batch, Item, LossSum  # noqa: E402
from services.training.recipes.validation import (  # noqa: E402
    batches_of,
    validated,
    validation_samples,
    validation_scores,
)

LENGTHS = (3, 9, 4, 4, 2)


class Clips:
    """Clip i says i, as a digit; one breaks."""

    items = tuple(Item(f"k{i}", length, 1) for i, length in enumerate(LENGTHS))
    digest = "d"

    def __init__(self, broken: int | None = None) -> None:
        self._broken = broken

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        del seed_name
        if self._broken in indices:
            raise BadInput("OPEN_FAILED", "broken")
        lengths = [LENGTHS[i] for i in indices]
        return {
            "frames_BTHWC": torch.full((len(lengths), max(lengths), 2, 2, 1), 7, dtype=torch.uint8),
            "lengths_B": torch.tensor(lengths),
            "keys": [f"k{i}" for i in indices],
            "texts": [str(i) for i in indices],
        }


def read(model: torch.nn.Module, batch: Batch) -> tuple[LossSum, list[str]]:
    """It reads a 4 in every clip, at a loss of its length."""
    del model
    return LossSum(batch["lengths_B"].sum().float(), len(batch["texts"])), ["4"] * len(batch["texts"])


MODEL = torch.nn.Linear(1, 1)


@pytest.mark.parametrize("budget", [1, 9, 100])
@pytest.mark.parametrize("num_parts", [1, 2, 3, 7])
def test_parts_add_up(budget: int, num_parts: int) -> None:
    parts = [validated(read, Clips(), MODEL, budget, part, num_parts) for part in range(num_parts)]
    sums = {name: sum(part[name] for part in parts) for name in parts[0]}
    assert sums == {"loss_total": 22, "loss_count": 5, "errors": 4, "characters": 5, "left_out": 0}
    assert validation_scores(sums, 0) == {"loss": 22 / 5, "cer": 4 / 5}


def test_parts_of_the_loss_add_up_too_and_are_there_where_there_is_no_clip() -> None:
    def with_parts(model: torch.nn.Module, batch: Batch) -> tuple[LossSum, list[str]]:
        loss, texts = read(model, batch)
        return LossSum(loss.total, loss.count, {"a": 2.0 * loss.count, "b": 1.0}), texts

    assert validated(with_parts, Clips(), MODEL, 100, 0, 1, further=("a",))["a"] == 10
    assert "b" not in validated(with_parts, Clips(), MODEL, 100, 0, 1, further=("a",))
    assert validated(with_parts, Clips(), MODEL, 100, 6, 7, further=("a",))["a"] == 0


@pytest.mark.parametrize("budget", [1, 9, 100])
def test_batches_hold_each_clip_once_within_the_budget(budget: int) -> None:
    batches = batches_of(Clips(), budget)
    assert sorted(i for batch in batches for i in batch) == list(range(5))
    assert all(len(batch) == 1 or max(LENGTHS[i] for i in batch) * len(batch) <= budget for batch in batches)


def test_a_clip_that_breaks_is_counted_and_too_many_end_it() -> None:
    sums = validated(read, Clips(broken=1), MODEL, 100, 0, 1)
    assert (sums["left_out"], sums["characters"]) == (1, 4)
    assert validation_scores(sums, 1)["cer"] == 3 / 4
    with pytest.raises(BadShard, match="TOO_MANY_FAILURES"):
        validation_scores(sums, 0)


def test_samples_are_some_clips_without_their_padding() -> None:
    samples = validation_samples(read, Clips(), MODEL, 2)
    assert [(one.key, one.reference, one.hypothesis) for one in samples] == [("k0", "0", "4"), ("k3", "3", "4")]
    assert [len(one.frames_THWC) for one in samples] == [3, 4]
