"""Versions of a model: the same network is the same version, another one the next, and cards read back."""

import json

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.triton.config import Serving, Tensor
from services.triton.layout import Card, check_inputs, digest_of_file, model_folders, versions, write_version

FRAMES = (Tensor("frames", "tensor(uint8)", (-1, 4, 4, 3)),)
FEATURES = (Tensor("features", "tensor(float)", (-1, 2)),)
SEQUENCES = (Tensor("sequences", "tensor(float)", (-1, -1, 5)), Tensor("lengths", "tensor(int64)", (-1,)))


def written(repository, tmp_path, weights="seeded:0", serving=None):
    onnx = tmp_path / "net.onnx"
    onnx.write_bytes(weights.encode())
    card = Card("net", weights, digest_of_file(onnx), FRAMES, FEATURES)
    return write_version(repository, card, onnx, np.zeros((2, 2), np.float32), serving or Serving())


def test_a_version_holds_the_network_its_card_and_what_runs_it(tmp_path):
    folder = written(tmp_path / "models", tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["check.npy", "model.json", "model.onnx", "model.py"]
    card = Card.of_file(folder / "model.json")
    assert (card.name, card.weights, card.digest) == ("net", "seeded:0", digest_of_file(folder / "model.onnx"))
    assert (card.inputs, card.outputs) == (FRAMES, FEATURES)


def test_the_same_network_keeps_its_version_and_gets_the_new_settings(tmp_path):
    models = tmp_path / "models"
    first = written(models, tmp_path)
    again = written(models, tmp_path, serving=Serving(max_batch_size=4))
    assert again == first
    assert "max_batch_size: 4" in (models / "net" / "config.pbtxt").read_text()


def test_another_network_is_the_next_version_and_the_configs_weights(tmp_path):
    models = tmp_path / "models"
    written(models, tmp_path)
    written(models, tmp_path, weights="seeded:1")
    assert versions(models / "net") == [1, 2]
    assert "seeded:1" in (models / "net" / "config.pbtxt").read_text()
    assert [path.name for path in models.iterdir()] == ["net"]


def test_only_folders_of_models_count(tmp_path):
    written(tmp_path / "models", tmp_path)
    (tmp_path / "models" / "notes").mkdir()
    assert [path.name for path in model_folders(tmp_path / "models")] == ["net"]
    with pytest.raises(BadConfig, match="NO_REPOSITORY"):
        model_folders(tmp_path / "nothing")


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"name": "n", "weights": "w", "digest": "d"})])
def test_what_is_no_card_is_refused(tmp_path, text):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(BadConfig, match="NO_CARD"):
        Card.of_file(tmp_path / "model.json")


def test_inputs_of_the_check_are_a_function_of_the_card():
    card = Card("net", "seeded:0", "", FRAMES, FEATURES)
    ((name, frames),) = check_inputs(card)
    assert (name, frames.shape, frames.dtype) == ("frames", (2, 4, 4, 3), np.uint8)
    assert frames.tobytes() == check_inputs(card)[0][1].tobytes()
    assert len(np.unique(frames)) > 50
    (_, sequences), (_, lengths) = check_inputs(Card("net", "seeded:0", "", SEQUENCES, FEATURES))
    assert (sequences.shape, sequences.dtype, lengths.tolist()) == ((2, 8, 5), np.float32, [8, 5])
