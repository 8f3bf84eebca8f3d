"""What the network is. Inert."""

from services.base.stage.spec import ByName
from services.features.networks import Array, Network

NETWORK = Network(
    "tiny",
    "frames",
    (Array("pictures", "uint8", ("N", 32, 32, 3)),),
    (Array("means", "float32", ("N", 6)),),
    builds=ByName("tiny_networks.frames.network:Tiny"),
    file="tiny.safetensors",
    sha256="SHA256",
)
