"""A bundle in a model repository: what lies there, under which name, and which bundles are refused."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.lipreading.export import export_bundle, main
from services.lips.bundle import card_file, card_of
from services.triton.config import Serving
from services.triton.verify import verify_repository


def test_a_bundle_becomes_a_model_of_its_recipes_name_that_verifies(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = tmp_path / "models"
    assert main([str(repository), "--bundle", str(bundle), "-o", "json"]) == 0
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
    assert main([str(tmp_path / "models"), "--bundle", str(bundle)]) == 78
    assert json.loads(capsys.readouterr().err)["reason"] == "NOT_SERVED"


def test_of_a_bundle_with_a_decoder_the_encoder_is_served(tmp_path: Path) -> None:
    """What its decoder would read comes out of the encoder too."""
    pytest.importorskip("torch")
    from joint_bundle import write_joint_bundle

    joint = write_joint_bundle(tmp_path / "joint", 32)
    found = export_bundle(tmp_path / "models", joint, "", Serving())
    digest = hashlib.sha256((joint / "model.onnx").read_bytes()).hexdigest()
    assert (found.model, found.weights) == ("chinese-lips-conformer", f"sha256:{digest}")
    assert [one.problems for one in verify_repository(tmp_path / "models")] == [()]


def test_a_bundle_that_reads_a_step_after_another_is_refused(bundle: Path, tmp_path: Path) -> None:
    (bundle / "decoder.onnx").write_bytes((bundle / "model.onnx").read_bytes())
    card = card_of((bundle / "card.json").read_bytes())
    digests = {**card.digests, "decoder": card.digests["model"]}
    made = dataclasses.replace(card, kind="attention", decodings=(), digests=digests, max_ids=9)
    (bundle / "card.json").write_bytes(card_file(made))
    with pytest.raises(BadConfig, match="NOT_SERVED"):
        export_bundle(tmp_path / "models", bundle, "", Serving())
