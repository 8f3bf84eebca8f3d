"""The same names give the same numbers, whatever was drawn before."""

import pytest

pytest.importorskip("torch")

import torch

from services.training.engine.randomness import seed_of, seeded

CPU = torch.device("cpu")


def drawn(*names):
    generator = seeded(CPU, *names)
    return torch.rand(3, generator=generator).tolist(), torch.nn.functional.dropout(torch.ones(50)).tolist()


def test_numbers_follow_from_names_alone():
    first = drawn(1, 5, 0)
    torch.rand(100)
    assert drawn(1, 5, 0) == first
    assert all(drawn(*other)[0] != first[0] and drawn(*other)[1] != first[1] for other in [(1, 5, 1), (1, 6, 0)])


def test_a_seed_is_a_number_that_torch_takes():
    assert 0 <= seed_of("a", 1) < 2**63 and seed_of("a", 1) != seed_of("a/1", 2)
