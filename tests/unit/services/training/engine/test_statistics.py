"""Running statistics are of a whole step, in whatever parts it was computed."""

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from services.training.engine.statistics import RunningStatistics

X_NC = torch.randn(3, 8, 4, generator=torch.Generator().manual_seed(1))


def step(norm, batches, *, keep=True, others=()):
    """others: what other ranks add."""
    statistics = RunningStatistics(norm)
    statistics.begin()
    for batch in batches:
        norm(batch)
        statistics.add()
    summed = statistics.partial()
    for other in others:
        summed = [one + more for one, more in zip(summed, other, strict=True)]
    statistics.end(summed, keep=keep)


def test_of_one_micro_batch_they_are_those_of_torch():
    ours, theirs = nn.BatchNorm1d(4), nn.BatchNorm1d(4)
    for batch in X_NC:
        step(ours, [batch])
        theirs(batch)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    assert ours.num_batches_tracked == theirs.num_batches_tracked == 3 and ours.momentum == 0.1


def test_of_several_they_are_their_mean_with_one_update():
    norm = nn.BatchNorm1d(4)
    step(norm, X_NC)
    torch.testing.assert_close(norm.running_mean, 0.1 * X_NC.mean((0, 1)))
    torch.testing.assert_close(norm.running_var, 0.9 + 0.1 * X_NC.var(1).mean(0))
    assert norm.num_batches_tracked == 1


def test_it_does_not_matter_which_rank_computes_a_micro_batch():
    one, two, idle = nn.BatchNorm1d(4), nn.BatchNorm1d(4), nn.BatchNorm1d(4)
    statistics = RunningStatistics(two)
    statistics.begin()
    for batch in X_NC[1:]:
        two(batch)
        statistics.add()
    step(one, X_NC[:1], others=[statistics.partial()])
    step(idle, [], others=[RunningStatistics(nn.BatchNorm1d(4)).partial()])
    whole = nn.BatchNorm1d(4)
    step(whole, X_NC)
    torch.testing.assert_close(one.running_mean, whole.running_mean)
    assert idle.running_mean.tolist() == [0.0] * 4


def test_a_step_that_does_not_count_changes_nothing():
    norm = nn.BatchNorm1d(4)
    step(norm, [X_NC[0] * float("nan")], keep=False)
    assert norm.running_mean.tolist() == [0.0] * 4 and norm.num_batches_tracked == 0 and norm.momentum == 0.1


def test_a_cumulative_average_stays_one():
    norm = nn.BatchNorm1d(4, momentum=None)
    for batch in X_NC:
        step(norm, [batch])
    torch.testing.assert_close(norm.running_mean, X_NC.mean((0, 1)))


def test_a_model_without_any_has_none():
    statistics = RunningStatistics(nn.Linear(2, 2))
    statistics.begin()
    assert not statistics and statistics.partial() == []
    statistics.end([], keep=True)
