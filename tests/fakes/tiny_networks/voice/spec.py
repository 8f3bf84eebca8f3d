"""What the network is: its outputs are of the kinds that features of speech are. Inert."""

from services.base.stage.spec import ByName
from services.features.networks import Array, Network

NETWORK = Network(
    "voice",
    "features",
    (Array("sequences", "float32", ("N", "T", 10)), Array("lengths", "int64", ("N",))),
    (
        Array("condition", "float32", ("N", 4, 12)),
        Array("emo", "float32", ("N", 12)),
        Array("codes", "int64", ("N", "T//2")),
    ),
    builds=ByName("tiny_networks.voice.network:Voice"),
)
