"""A step divides sums by their count, clips, and is not taken where something is not finite."""

import math

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from services.training.engine.precision import Arithmetic

CPU = torch.device("cpu")


def parameter(gradient):
    found = nn.Parameter(torch.zeros(2))
    found.grad = torch.tensor(gradient)
    return found


def test_gradients_are_divided_by_the_count_and_then_clipped():
    weight = parameter([30.0, 40.0])
    norm, taken = Arithmetic("fp32", CPU).step(torch.optim.SGD([weight], 1.0), 1.0, 5.0, clip=5.0)
    assert taken and norm == pytest.approx(10.0)
    assert weight.tolist() == pytest.approx([-3.0, -4.0])


@pytest.mark.parametrize(
    ("gradient", "total"), [([math.nan, 0.0], 1.0), ([math.inf, 0.0], 1.0), ([1.0, 0.0], math.nan)]
)
def test_a_step_that_is_not_finite_is_not_taken(gradient, total):
    weight = parameter(gradient)
    assert not Arithmetic("fp32", CPU).step(torch.optim.SGD([weight], 1.0), total, 1.0, clip=5.0)[1]
    assert weight.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_the_forward_pass_computes_in_the_precision_that_was_asked_for(precision, dtype):
    with Arithmetic(precision, CPU).autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_fp16_scales_the_loss_and_halves_the_scale_where_it_overflows():
    arithmetic, weight = Arithmetic("fp16", CPU), nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], 0.5)
    arithmetic.backward((weight * 2).sum())
    scale = arithmetic.state_dict()["scale"]
    assert weight.grad.item() == 2 * scale / 2**14
    assert arithmetic.step(optimizer, 2.0, 1.0, clip=5.0) == (2.0, True) and weight.item() == 0.0
    weight.grad = torch.tensor([math.inf])
    assert not arithmetic.step(optimizer, 2.0, 1.0, clip=5.0)[1]
    assert arithmetic.state_dict()["scale"] == scale / 2
    again = Arithmetic("fp16", CPU)
    again.load_state_dict(arithmetic.state_dict())
    assert again.state_dict() == arithmetic.state_dict()


def test_fp16_takes_the_first_step_of_a_sum_over_many_characters():
    """Of 64 clips the gradients of a bias add up to thousands: times 65,536, fp16 does not hold them."""
    arithmetic, weight = Arithmetic("fp16", CPU), nn.Parameter(torch.zeros(1))
    with arithmetic.autocast():
        logits = torch.ones(64, 50, 1) @ weight[None]
    arithmetic.backward(logits.float().sum())
    norm, taken = arithmetic.step(torch.optim.SGD([weight], 1.0), 1.0, 1500.0, clip=5.0)
    assert taken and norm == pytest.approx(64 * 50 / 1500, rel=1e-3)
