"""A network of sequences of the table, called with a batch: each gets its own answer."""

import numpy as np
import pytest
from semantic_model import SemanticModel

from services.base.errors import BadConfig
from services.features.runtimes.sequences import SequenceNetwork
from services.features.spec import FeaturesConfig


def test_it_is_the_network_and_cuts_what_it_padded() -> None:
    rng = np.random.default_rng(0)
    sequences = [rng.standard_normal((length, 80)).astype(np.float32) for length in (4, 11, 1)]
    network = SequenceNetwork(FeaturesConfig(model="semantic", device="cpu"))
    assert (network.name, network.weights) == ("semantic", "seeded:0")
    for found, expected in zip(network(sequences), SemanticModel()(sequences), strict=True):
        assert np.array_equal(found["vectors"], expected)


def test_a_network_of_frames_is_refused() -> None:
    with pytest.raises(BadConfig, match="WRONG_NETWORK: inception_v3 takes frames"):
        SequenceNetwork(FeaturesConfig(device="cpu"))
