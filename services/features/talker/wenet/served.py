"""The user's encoder as a model of a Triton server."""

from __future__ import annotations

import tempfile
from pathlib import Path

from services.base.errors import BadConfig
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.wenet.encoder import STATES, WenetEncoder
from services.features.talker.wenet.graph import write_graph
from services.features.talker.wenet.models import encoder_of, models_of
from services.triton.config import Serving
from services.triton.layout import ONNX_FILE, card_of, check_inputs, write_version
from services.triton.verify import Finding

_NAME = "wenet"


def export_wenet(repository: Path, config: AudioFeaturesConfig, serving: Serving) -> Finding:
    """Adds the encoder to a model repository, which is there. Raises BadConfig as `encoder_of` and `WenetEncoder` do,
    and MODEL_OF_ANOTHER_NETWORK for one that gives other states.
    """
    path, weights = encoder_of(config), models_of(config)[_NAME]
    encoder = WenetEncoder(path, weights)
    with tempfile.TemporaryDirectory(dir=repository, prefix=".export.") as scratch:
        onnx = Path(scratch) / ONNX_FILE
        write_graph(path, onnx, weights)
        card = card_of(onnx, _NAME, weights)
        ((_, windows_NX),) = check_inputs(card)
        check_NTD = encoder(windows_NX)
        if check_NTD.shape[1:] != STATES.shape[1:]:
            raise BadConfig(
                "MODEL_OF_ANOTHER_NETWORK",
                f"{path} makes {list(check_NTD.shape[1:])} of a window, and the encoder {list(STATES.shape[1:])}: give "
                "WeNet's encoder.onnx",
            )
        folder = write_version(repository, card, onnx, check_NTD, serving)
    return Finding(_NAME, int(folder.name), weights, card.digest)
