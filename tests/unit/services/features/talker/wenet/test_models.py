"""The encoder is the user's file: itself, or in a folder; nothing stands for it."""

import hashlib
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.wenet.models import encoder_of, models_of


def test_a_folder_or_its_file_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "encoder.onnx").write_bytes(b"graph")
    for named in (tmp_path, tmp_path / "encoder.onnx"):
        config = AudioFeaturesConfig(model="wenet", weights=str(named))
        assert encoder_of(config) == tmp_path / "encoder.onnx"
        assert models_of(config) == {"wenet": f"sha256:{hashlib.sha256(b'graph').hexdigest()}"}
    with pytest.raises(BadConfig, match="weights_sha256 asks for 0000"):
        models_of(AudioFeaturesConfig(model="wenet", weights=str(tmp_path), weights_sha256="0" * 64))


@pytest.mark.parametrize("weights", ["", "nowhere"])
def test_without_it_nothing_can_be_computed(weights: str) -> None:
    with pytest.raises(BadConfig, match=r"names no encoder\.onnx"):
        encoder_of(AudioFeaturesConfig(model="wenet", weights=weights))
