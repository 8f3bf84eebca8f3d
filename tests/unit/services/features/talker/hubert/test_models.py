"""The files of the network are found where a folder or a file is named, and told by their digests."""

import hashlib
import json
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.features.talker.hubert.models import HubertFiles, files_of, models_of, sizes_of
from services.features.talker.spec import AudioFeaturesConfig


def _config(path: Path | str, **values: str) -> AudioFeaturesConfig:
    return AudioFeaturesConfig(model="hubert", weights=str(path), **values)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_folder_or_its_file_is_the_same(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"weights")
    (tmp_path / "config.json").write_text("{}")
    found = HubertFiles(tmp_path / name, tmp_path / "config.json")
    assert files_of(_config(tmp_path)) == files_of(_config(tmp_path / name)) == found
    assert models_of(_config(tmp_path)) == {
        "hubert": f"sha256:{hashlib.sha256(b'weights').hexdigest()}",
        "hubert_config": f"sha256:{hashlib.sha256(b'{}').hexdigest()}",
    }


def test_without_a_file_the_weights_are_random_and_a_missing_one_is_asked_for(tmp_path: Path) -> None:
    assert models_of(AudioFeaturesConfig(model="hubert", seed=3)) == {"hubert": "seeded:3"}
    with pytest.raises(BadConfig, match=r"no file, nor a folder with model\.safetensors or pytorch_model\.bin"):
        files_of(_config(tmp_path))


def test_weights_of_another_digest_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(BadConfig, match="weights_sha256 asks for 0000"):
        models_of(_config(tmp_path, weights_sha256="0" * 64))


@pytest.mark.parametrize("text", ["[1]", "{", json.dumps("hubert")])
def test_sizes_that_cannot_be_read_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(BadConfig, match=r"config\.json"):
        sizes_of(HubertFiles(None, tmp_path / "config.json"))
