"""The network of frames that the table names. Inert."""

from __future__ import annotations

from services.base.stage.spec import ByName
from services.features.networks import Array, Network

NETWORK = Network(
    "inception_v3",
    "frames",
    (Array("frames", "uint8", ("N", 299, 299, 3)),),
    (Array("features", "float32", ("N", 2048)),),
    builds=ByName("services.features.frames.inception:InceptionV3"),
    graph=ByName("services.features.frames.inception:of_square_frames"),
    tunes=ByName("services.features.frames.packed:tune"),
    flag="--iv3-weights",
    remedy="torchvision's inception_v3 with aux_logits=True",
    # Its first and its last layers.
    some_tensors=(
        "Conv2d_1a_3x3.conv.weight",
        "AuxLogits.fc.weight",
        "Mixed_7c.branch_pool.bn.running_var",
        "fc.weight",
    ),
)
