"""What is told of the data, and published with what was learnt of them."""

from pathlib import Path

import pytest
from lips_data import LipsExample, write_lips

pytest.importorskip("torch")

from services.training.recipes.lips.notes import notes_of, published
from services.training.recipes.lips.opening import open_data, training_tokenizer
from services.training.recipes.lips.spec import LipsTrainSettings

TRAIN = [LipsExample(f"{i}_20_M_KJ_000", text) for i, text in enumerate(("文字说", "说文", "字字文说"))]


@pytest.mark.parametrize("licensed", [True, False])
def test_cut_clips_foreign_characters_and_the_licence(tmp_path: Path, licensed: bool) -> None:
    write_lips(tmp_path, {"train": TRAIN, "test": [LipsExample("9_20_M_KJ_000", "文新")]}, licensed=licensed)
    config = LipsTrainSettings(data_root=str(tmp_path), max_frames=10, val_share=0.0)
    data = open_data(config, str(tmp_path / "state"), asks=False)
    tokenizer = training_tokenizer(data)
    told = "\n".join(notes_of(config.max_frames, data, tokenizer))
    assert "66.7% of the training clips are longer than 10 frames and cut: their texts cannot" in told
    assert "1 characters of test are not in the training text and cannot be read: 新" in told
    files = published(config, data, tokenizer)
    assert ("DATA_LICENCE.txt" in files) is licensed
    assert b"max_frames: 10" in files["config.yaml"]
