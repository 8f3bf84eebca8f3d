"""The network of windows that the table names. Inert."""

from __future__ import annotations

from services.base.stage.spec import ByName
from services.features.networks import Array, Network

NETWORK = Network(
    "ave",
    "windows",
    (Array("mel", "float32", ("N", 1, 80, 16)),),
    (Array("vectors", "float32", ("N", 512)),),
    builds=ByName("services.features.talker.ave.encoder:AudioEncoder"),
    flag="--asr-weights",
    remedy="SyncTalk_2D's audio encoder (audio_visual_encoder.pth)",
    # Its first and its last layer.
    some_tensors=("audio_encoder.0.conv_block.0.weight", "audio_encoder.12.conv_block.1.running_var"),
    prefix="audio_encoder.",
)
