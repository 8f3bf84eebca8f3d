"""What the table says of the network of sequences is what its module has."""

from services.features.speech.semantic import EncoderShape
from services.features.speech.spec import NETWORK


def test_its_arrays_are_those_of_its_module() -> None:
    shape = EncoderShape()
    assert NETWORK.inputs[0].shape == ("N", "T", shape.channels_in)
    assert NETWORK.outputs[0].shape == ("N", "T", shape.width)
