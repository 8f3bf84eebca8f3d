"""A checkpoint becomes a folder of a network, its alphabet and a card."""

import hashlib
import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.lipreading.bundle_files import models_of  # noqa: E402
from services.lipreading.spec import LipreadingConfig  # noqa: E402
from services.lips.bundle import card_of, characters_of  # noqa: E402
from services.training.checkpoint.file import contents, encoded  # noqa: E402
from services.training.checkpoint.progress import Progress  # noqa: E402
from services.training.lipreading.alphabet import Alphabet  # noqa: E402
from services.training.recipes.grid_ctc import export_command  # noqa: E402
from services.training.recipes.grid_ctc.pieces import Lipreader  # noqa: E402
from services.training.recipes.grid_ctc.spec import GridCtcConfig  # noqa: E402

FACTS = {"recipe": "grid-ctc", "vocabulary": "ab ", "size": "tiny", "encoder": "lstm", "data": "d" * 64}


@pytest.fixture
def flags(tmp_path: Path) -> list[str]:
    """Of an export to tmp_path/bundle of random weights, whose config.yaml names records with a meta.json."""
    folder = tmp_path / "trained"
    folder.mkdir()
    model = Lipreader(GridCtcConfig(size="tiny"), Alphabet("ab ")).network(1)
    progress = Progress(best_score=0.25)
    made = contents(model, torch.optim.AdamW(model.parameters()), {}, progress, FACTS)
    (folder / "best_model.pt").write_bytes(encoded(made))
    (folder / "config.yaml").write_text(f"data_root: {tmp_path / 'records'}\n")
    (tmp_path / "records").mkdir()
    (tmp_path / "records/meta.json").write_text('{"profile": "liptype2-v1"}')
    return ["--checkpoint-dir", str(folder), "--bundle", str(tmp_path / "bundle")]


def test_the_bundle_says_what_it_is_and_holds_what_it_says(
    tmp_path: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert export_command.export_main([*flags, "--json"]) == 0
    found, bundle = json.loads(capsys.readouterr().out), tmp_path / "bundle"
    assert found["greatest_difference"] <= 1e-4
    card = card_of((bundle / "card.json").read_bytes())
    assert (card.mouth["name"], card.fps, card.scores, card.digests["data"]) == (
        *("liptype2-v1", 25.0, {"val_cer": 0.25}),
        "d" * 64,
    )
    assert characters_of((bundle / "tokenizer.json").read_bytes()) == "ab "
    of_file = {"model": bundle / "model.onnx", "checkpoint": tmp_path / "trained/best_model.pt"}
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in of_file.items()}.items() <= (
        card.digests.items()
    )
    with pytest.raises(BadConfig) as refused:
        export_command.export_main(flags)
    assert refused.value.reason == "OUTPUT_EXISTS"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "records", "trained"]


def test_a_store_takes_a_bundle_whose_card_comes_last(tmp_path: Path, flags: list[str]) -> None:
    # What an export that died has left is no bundle yet.
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket/model.onnx").write_bytes(b"cut")
    in_store = [*flags[:-1], f"file://{tmp_path}/bucket"]
    assert export_command.export_main([*in_store, "--json"]) == 0
    assert models_of(LipreadingConfig(bundle=in_store[-1])).keys() == {"grid-ctc"}
    with pytest.raises(BadConfig, match="OUTPUT_EXISTS"):
        export_command.export_main(in_store)


def test_records_that_do_not_tell_how_mouths_are_cropped_are_asked_for(tmp_path: Path, flags: list[str]) -> None:
    (tmp_path / "records/meta.json").unlink()
    with pytest.raises(BadConfig) as refused:
        export_command.export_main(flags)
    assert refused.value.reason == "MISSING_META" and "--mouth-profile" in refused.value.message
    with pytest.raises(BadConfig) as refused:
        export_command.export_main([*flags, "--mouth-profile", "none"])
    assert refused.value.reason == "BAD_META" and not (tmp_path / "bundle").exists()


def test_the_network_alone_is_one_file(tmp_path: Path, flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words = [*flags[:2], "--onnx", str(tmp_path / "made/lipreading.onnx")]
    assert export_command.export_main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bundle"] == ""
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["lipreading.onnx"]
    assert not (tmp_path / "bundle").exists()
    with pytest.raises(BadConfig, match="OUTPUT_EXISTS"):
        export_command.export_main(words)
