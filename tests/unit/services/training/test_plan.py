"""An epoch is a pure function of the data's digest, the seed and the epoch."""

from collections import Counter

import numpy as np
import pytest

from services.training.interfaces import Item
from services.training.plan import plan_epoch


def items(number: int = 500, least: int = 25, most: int = 150) -> list[Item]:
    costs = np.random.default_rng(7).integers(least, most + 1, number)
    return [Item(f"s1/{i}", int(cost), 20) for i, cost in enumerate(costs)]


def plan(of=None, *, digest="d", seed=1, epoch=0, budget=600, per_step=2):
    return plan_epoch(
        of or items(), data_digest=digest, seed=seed, epoch=epoch, budget_cost=budget, micro_batches_per_step=per_step
    )


def flat(steps):
    return [index for step in steps for batch in step.micro_batches for index in batch]


def test_every_item_is_in_an_epoch_exactly_once():
    for epoch in range(3):
        assert Counter(flat(plan(epoch=epoch))) == Counter(range(500))


def test_a_micro_batch_costs_at_most_the_budget_when_padded():
    of = items()
    for step in plan(of):
        for batch in step.micro_batches:
            assert len(batch) * max(of[i].cost for i in batch) <= 600


def test_an_item_over_the_budget_stands_alone_and_is_not_dropped():
    of = [*items(50), Item("long", 10_000, 20)]
    alone = [batch for step in plan(of) for batch in step.micro_batches if 50 in batch]
    assert alone == [(50,)]


def test_all_steps_but_the_last_are_full():
    sizes = [len(step.micro_batches) for step in plan(per_step=4)]
    assert set(sizes[:-1]) == {4} and 1 <= sizes[-1] <= 4


def test_little_is_padding():
    of = items()
    padded = sum(len(batch) * max(of[i].cost for i in batch) for step in plan(of) for batch in step.micro_batches)
    assert padded / sum(item.cost for item in of) < 1.15


@pytest.mark.parametrize("change", [{"epoch": 1}, {"seed": 2}, {"digest": "other"}])
def test_another_epoch_seed_or_data_is_another_plan_with_other_company(change):
    def companies(steps):
        return {frozenset(batch) for step in steps for batch in step.micro_batches}

    assert plan() == plan()
    shared = companies(plan()) & companies(plan(**change))
    assert len(shared) < len(companies(plan())) / 4


def test_lengths_come_in_no_order():
    of = items()
    longest = [max(of[i].cost for i in step.micro_batches[0]) for step in plan(of)]
    assert abs(np.corrcoef(np.arange(len(longest)), longest)[0, 1]) < 0.3


def test_no_items_are_no_steps():
    assert plan_epoch([], data_digest="d", seed=0, epoch=0, budget_cost=10, micro_batches_per_step=1) == ()


@pytest.mark.parametrize("wrong", [{"budget": 0}, {"per_step": 0}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match="1 or more"):
        plan(**wrong)


@pytest.mark.parametrize(("most", "largest"), [(3, 3), (1, 1), (0, 24)])
def test_a_micro_batch_has_no_more_items_than_it_may(most: int, largest: int) -> None:
    of = [Item(f"s1/{i}", 25, 20) for i in range(100)]
    steps = plan_epoch(
        of, data_digest="d", seed=1, epoch=0, budget_cost=600, micro_batches_per_step=2, budget_items=most
    )
    assert max(len(batch) for step in steps for batch in step.micro_batches) == largest
    assert Counter(flat(steps)) == Counter(range(100))
