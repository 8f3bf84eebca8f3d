"""The network of sequences that the table names. Inert."""

from __future__ import annotations

from services.base.stage.spec import ByName
from services.features.networks import Array, Network

NETWORK = Network(
    "semantic",
    "features",
    (Array("sequences", "float32", ("N", "T", 80)), Array("lengths", "int64", ("N",))),
    (Array("vectors", "float32", ("N", "T", 128)),),
    builds=ByName("services.features.speech.semantic:SemanticEncoder"),
    remedy="the encoder's own",
)
