"""What the settings make of a data set: short clips first, draws for each clip, and files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lips_data import LipsExample, write_lips

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.checkpoint.file import require_same  # noqa: E402
from services.training.interfaces import Pieces  # noqa: E402
from services.training.recipes.chinese_lips_conformer.pieces import chinese_lips_conformer  # noqa: E402
from services.training.recipes.chinese_lips_conformer.spec import ConformerConfig  # noqa: E402
from services.training.recipes.lips.opening import open_data, training_tokenizer  # noqa: E402

TRAIN = [LipsExample(f"{i}_20_M_KJ_000", text) for i, text in enumerate(("文字说", "说文", "字字文说", "文"))]


def made(root: Path, **settings: object) -> Pieces:
    write_lips(root, {"train": TRAIN, "valid": [LipsExample("9_20_M_KJ_000", "文新")]})
    config = ConformerConfig(data_root=str(root), frame_height=32, frame_width=32, size="small", **settings)  # type: ignore[arg-type]
    data = open_data(config, str(root / "state"))
    return chinese_lips_conformer(config, data, training_tokenizer(data))


def test_short_clips_come_first_and_then_all(tmp_path: Path) -> None:
    pieces = made(tmp_path, short_frames=10, short_share=0.5)
    assert pieces.train_at is not None
    first, later = pieces.train_at(1, 0, 0.0), pieces.train_at(1, 9, 0.5)
    assert [item.key[0] for item in first.items] == ["1", "3"]
    assert len(later.items) == 4
    assert first.read([1], "x")["texts"] == ["文"]
    assert first.digest != later.digest


@pytest.mark.parametrize("short_frames", [1, 500])
def test_where_no_clip_is_short_or_all_are_there_is_one_stage(tmp_path: Path, short_frames: int) -> None:
    pieces = made(tmp_path, short_frames=short_frames)
    assert pieces.train_at is not None
    assert len(pieces.train_at(1, 0, 0.0).items) == 4


def test_a_clip_is_drawn_by_its_name_and_never_faster_than_its_text(tmp_path: Path) -> None:
    pieces = made(tmp_path)
    draws = [pieces.train.read([i], "1/0")["draws"][0] for i in range(4)]
    assert draws == [pieces.train.read([i], "1/0")["draws"][0] for i in range(4)]
    assert len({draw.speed for draw in draws}) > 1


def test_what_is_published_and_told(tmp_path: Path) -> None:
    pieces = made(tmp_path)
    assert set(pieces.files) == {"tokenizer.json", "config.yaml"}
    assert any("cannot be read: 新" in note for note in pieces.notes)
    assert pieces.facts["recipe"] == "chinese-lips-conformer"
    model = pieces.model(1)
    loss = pieces.loss(model, pieces.train.read([0, 1], "1/0"), torch.Generator())
    assert loss.count == 7 and torch.isfinite(loss.total)


def test_syllables_of_the_training_text_are_published_and_stand_in_every_checkpoint(tmp_path: Path) -> None:
    pytest.importorskip("pypinyin")
    pieces = made(tmp_path, pinyin_weight=0.3)
    assert json.loads(pieces.files["pinyin.json"])["syllables"] == ["shuo", "wen", "zi"]
    assert "pinyin_weight: 0.3" in pieces.files["config.yaml"].decode()
    assert pieces.facts["pinyin"] == "shuo wen zi"
    with pytest.raises(BadConfig, match="OTHER_VOCABULARY"):
        require_same({**pieces.facts, "pinyin": "shuo wen"}, pieces.facts)
    assert pieces.validate is not None
    model = pieces.model(1).eval()
    with torch.inference_mode():
        sums = pieces.validate(model, 0, 1)
    assert set(pieces.scores(sums)) == {"loss", "cer", "pinyin_loss", "per"}
    assert sums["pinyin_units"] == 2 and sums["pinyin_count"] == 1, "xin, which cannot be learnt, is an error"


def test_without_syllables_there_is_nothing_of_them(tmp_path: Path) -> None:
    pieces = made(tmp_path)
    assert not any("pinyin" in name for name in (*pieces.facts, *pieces.files, *pieces.model(1).state_dict()))
