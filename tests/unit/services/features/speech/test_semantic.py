"""A sequence's answer is its own: the same alone, padded, or beside others."""

import numpy as np
import pytest
import torch
from semantic_model import SemanticModel, seeded_encoder

from services.features.speech.semantic import EncoderShape

LENGTHS = (5, 17, 1, 40)


@pytest.fixture(scope="module")
def model() -> SemanticModel:
    return SemanticModel()


def sequences() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [generator.standard_normal((length, 80)).astype(np.float32) for length in LENGTHS]


def test_padded_and_alone_agree(model: SemanticModel) -> None:
    together = model(sequences())
    assert [vectors.shape for vectors in together] == [(length, 128) for length in LENGTHS]
    for sequence, vectors in zip(sequences(), together, strict=True):
        assert np.abs(model([sequence])[0] - vectors).max() < 1e-5


def test_order_and_neighbours_change_nothing(model: SemanticModel) -> None:
    forward, backward = model(sequences()), model(sequences()[::-1])[::-1]
    assert max(np.abs(a - b).max() for a, b in zip(forward, backward, strict=True)) < 1e-5


def test_what_lies_in_the_padding_is_never_looked_at() -> None:
    encoder = seeded_encoder()
    clean_NTC = torch.zeros((1, 9, 80))
    clean_NTC[0, :4] = torch.from_numpy(sequences()[0][:4])
    dirty_NTC = clean_NTC.clone()
    dirty_NTC[0, 4:] = float("nan")
    length = torch.tensor([4])
    assert torch.equal(encoder(clean_NTC, length), encoder(dirty_NTC, length))
    assert not encoder(dirty_NTC, length)[0, 4:].any()


def test_order_in_time_matters(model: SemanticModel) -> None:
    sequence = sequences()[1]
    there, back = model([sequence])[0], model([sequence[::-1].copy()])[0][::-1]
    assert np.abs(there - back).max() > 0.1


def test_weights_are_a_function_of_the_seed() -> None:
    sequence = sequences()[0]
    one, again, other = SemanticModel(1), SemanticModel(1), SemanticModel(2)
    assert np.array_equal(one([sequence])[0], again([sequence])[0])
    assert not np.array_equal(one([sequence])[0], other([sequence])[0])
    assert (one.name, one.weights) == ("semantic", "seeded:1")


@pytest.mark.parametrize(
    ("shape", "says"),
    [({"width": 130}, "multiple of 4"), ({"width": 5, "num_heads": 5}, "even"), ({"num_layers": 0}, "1")],
)
def test_a_shape_that_cannot_work_cannot_exist(shape: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        EncoderShape(**shape)
