"""A step is the sum of its micro-batches' losses over their count."""

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from services.base.errors import BadConfig
from services.base.worker.rank import RankPlace
from services.training.engine.precision import Arithmetic
from services.training.engine.ranks import Ranks
from services.training.engine.step import MicroBatch, Stepper
from services.training.interfaces import LossSum

CPU = torch.device("cpu")
VALUES = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0]


def read(indices):
    return {"x_N": torch.tensor([VALUES[i] for i in indices])}


def micro_batch(*indices, names=(1,)):
    return MicroBatch(indices, (1,) * len(indices), read(indices), read, names)


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.unused = nn.Parameter(torch.ones(1))


def loss(model, batch, generator):
    return LossSum((model.weight * batch["x_N"]).sum(), len(batch["x_N"]))


def stepper(model, loss=loss, clip=1e9, **known):
    optimizer = torch.optim.SGD(model.parameters(), 1.0)
    ranks = Ranks(RankPlace(0, 1, 0, "", 1, 1), CPU, 5.0)
    return Stepper(model, loss, optimizer, Arithmetic("fp32", CPU), ranks, CPU, clip, **known)


def test_micro_batches_of_any_sizes_are_one_mean_over_all_that_they_count():
    model = Line()
    result = stepper(model).take([micro_batch(0), micro_batch(1, 2, 3, 4, 5)])
    assert model.weight.item() == pytest.approx(-sum(VALUES) / 6)
    assert result.count == 6 and result.is_taken and not result.is_bad and model.unused.item() == 1.0


def test_a_step_of_which_nothing_can_be_learnt_is_neither_taken_nor_bad():
    result = stepper(Line(), lambda model, *_: LossSum(model.weight.sum() * 0, 0)).take([micro_batch(0)])
    assert (result.loss, result.is_taken, result.is_bad) == (0.0, False, False)


def test_a_loss_that_is_not_finite_costs_the_step():
    model = Line()
    result = stepper(model, lambda *_: LossSum(model.weight.sum() * float("nan"), 1)).take([micro_batch(0)])
    assert result.is_bad and model.weight.item() == 0.0


def test_the_request_to_end_is_handed_on():
    assert stepper(Line()).take([micro_batch(0)], stop=True).stop


CUDA_ERROR = torch.OutOfMemoryError("made")
CPU_ERROR = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes. Error code 12")


def too_large(model, most, error=CUDA_ERROR, **known):
    seen = []

    def limited(model, batch, generator):
        seen.append(len(batch["x_N"]))
        found = loss(model, batch, generator)
        if len(batch["x_N"]) > most:
            # As a backward pass that fails half way.
            found.total.backward()
            raise error
        return found

    return stepper(model, limited, **known), seen


@pytest.mark.parametrize("error", [CUDA_ERROR, CPU_ERROR])
def test_a_micro_batch_that_does_not_fit_is_halved_with_the_same_gradient_and_remembered(caplog, error):
    model = Line()
    steps, seen = too_large(model, 2, error)
    assert steps.take([micro_batch(0, 1, 2, 3, 4, 5)]).too_large == 3
    assert model.weight.item() == pytest.approx(-sum(VALUES) / 6)
    assert seen == [6, 3, 1, 2, 1, 2] and caplog.text.count("too large") == 1
    seen.clear()
    steps.take([micro_batch(0, 1, 2, 3), micro_batch(4, 5)])
    assert seen == [2, 2, 2], "no attempt at sizes that did not fit"


def test_a_training_that_goes_on_halves_what_it_has_halved_before():
    steps, seen = too_large(Line(), 9, too_large=3)
    assert steps.take([micro_batch(0, 1, 2, 3)]).too_large == 3
    assert seen == [2, 2]


def test_another_error_than_of_memory_is_not_taken_for_one():
    steps, _ = too_large(Line(), 0, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        steps.take([micro_batch(0, 1)])


def test_one_item_that_does_not_fit_ends_the_training_with_what_may_help():
    steps, _ = too_large(Line(), 0, remedy="a lower --max-frames")
    with pytest.raises(BadConfig, match=r"one item of 1 frames does not fit.*: a lower --max-frames, or take a device"):
        steps.take([micro_batch(0)])


class Compiled(nn.Module):
    """What `nn.Module.compile` makes of a network: a call of its own, which fails as a compiler's does."""

    def __init__(self, where):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.calls = []
        self._compiled_call_impl = lambda x_N: self._compiled(x_N, where)

    def forward(self, x_N):
        self.calls.append("as it is")
        return self.weight * x_N

    def _compiled(self, x_N, where):
        self.calls.append("compiled")
        if where == "forward":
            raise RuntimeError("backend='inductor' raised")
        return Failing.apply(self.weight * x_N)


class Failing(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, gradient):
        raise RuntimeError("backend='inductor' raised in backward")


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_a_compiled_network_that_fails_is_trained_as_it_is_from_then_on(where, caplog):
    model = Compiled(where)
    one = stepper(model, lambda model, batch, _: LossSum(model(batch["x_N"]).sum(), len(batch["x_N"])))
    assert one.take([micro_batch(0), micro_batch(1, 2)]).is_taken
    assert one.take([micro_batch(3)]).is_taken
    assert model.calls == ["compiled", "as it is", "as it is", "as it is"]
    assert model.weight.item() == pytest.approx(-(1.0 + 2.0 + 3.0) / 3 - 5.0)
    assert caplog.text.count("the compiled network failed (backend='inductor' raised") == 1


def test_an_error_of_a_network_that_was_not_compiled_is_raised():
    def broken(model, batch, generator):
        raise RuntimeError("a bug of ours")

    with pytest.raises(RuntimeError, match="a bug of ours"):
        stepper(Line(), broken).take([micro_batch(0)])
