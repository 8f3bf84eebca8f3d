"""What the table says of the network of frames is what its module has."""

from services.features import ops
from services.features.frames.spec import NETWORK


def test_its_arrays_are_those_of_its_module() -> None:
    assert (NETWORK.side_px, NETWORK.outputs[0].shape) == (ops.INPUT_PX, ("N", ops.NUM_FEATURES))
    assert NETWORK.builds.resolve().__name__ == "InceptionV3"
    assert NETWORK.about == "uint8 frames [N,299,299,3] -> float32 features [N,2048]"
