"""A bundle in a model repository: what lies there, under which name, and which bundles are refused."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.lipreading.export import COMMAND, export_bundle
from services.lips.bundle import card_file, card_of
from services.triton.config import Serving
from services.triton.verify import verify_repository


def test_a_bundle_becomes_a_model_of_its_recipes_name_that_verifies(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = tmp_path / "models"
    assert COMMAND.run([str(repository), "--bundle", str(bundle), "-o", "json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["models"]
    digest = hashlib.sha256((bundle / "model.onnx").read_bytes()).hexdigest()
    assert (told["model"], told["version"], told["weights"]) == ("grid-ctc", 1, f"sha256:{digest}")
    (found,) = verify_repository(repository)
    assert (found.model, found.weights, found.problems) == ("grid-ctc", f"sha256:{digest}", ())
    text = (repository / "grid-ctc/config.pbtxt").read_text()
    assert "max_batch_size: 8" in text and 'key: "max_padding_percent" value: { string_value: "25" }' in text
    assert "dims: [ -1, 50, 100, 3 ] allow_ragged_batch: true" in text


def test_two_lipreaders_of_a_recipe_have_names_of_their_own(bundle: Path, tmp_path: Path) -> None:
    for name in ("", "english"):
        export_bundle(tmp_path / "models", bundle, name, Serving())
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["english", "grid-ctc"]


def test_a_name_that_is_a_path_is_refused(bundle: Path, tmp_path: Path) -> None:
    card = card_of((bundle / "card.json").read_bytes())
    (bundle / "card.json").write_bytes(card_file(dataclasses.replace(card, recipe="../outside")))
    with pytest.raises(BadConfig, match="BAD_NAME"):
        export_bundle(tmp_path / "models", bundle, "", Serving())
    assert not (tmp_path / "outside").exists()


def test_a_network_that_does_not_take_the_mouths_of_its_card_is_refused(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = card_of((bundle / "card.json").read_bytes())
    (bundle / "card.json").write_bytes(card_file(dataclasses.replace(card, width_px=96)))
    assert COMMAND.run([str(tmp_path / "models"), "--bundle", str(bundle)]) == 78
    assert json.loads(capsys.readouterr().err)["reason"] == "NOT_SERVED"


@pytest.mark.parametrize("recipe", ["chinese-lips-conformer", "chinese-lips-lstm"])
def test_of_a_bundle_with_a_decoder_that_is_a_model_too(recipe: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from attention_bundle import write_attention_bundle
    from joint_bundle import write_joint_bundle

    folder = tmp_path / "bundle"
    if recipe == "chinese-lips-lstm":
        write_attention_bundle(folder)
    else:
        write_joint_bundle(folder, 32)
    found = export_bundle(tmp_path / "models", folder, "", Serving())
    digests = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("model.onnx", "decoder.onnx")]
    assert [one.model for one in found] == [recipe, f"{recipe}-decoder"]
    assert [one.weights for one in found] == [f"sha256:{digest}" for digest in digests]
    assert [one.problems for one in verify_repository(tmp_path / "models")] == [(), ()]


def test_a_decoder_that_takes_other_inputs_than_its_kind_is_refused_before_anything_is_written(
    bundle: Path, tmp_path: Path
) -> None:
    (bundle / "decoder.onnx").write_bytes((bundle / "model.onnx").read_bytes())
    card = card_of((bundle / "card.json").read_bytes())
    digests = {**card.digests, "decoder": card.digests["model"]}
    made = dataclasses.replace(card, kind="attention", decodings=(), digests=digests, max_ids=9)
    (bundle / "card.json").write_bytes(card_file(made))
    with pytest.raises(BadConfig, match="NOT_SERVED"):
        export_bundle(tmp_path / "models", bundle, "", Serving())
    assert not (tmp_path / "models").exists()
