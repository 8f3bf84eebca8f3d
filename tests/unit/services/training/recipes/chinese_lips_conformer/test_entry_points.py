"""The entry points: a test of a split, and an export that a lipreading service reads with."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from lips_data import LipsExample, write_lips

pytest.importorskip("torch")

from conformer_weights import CONFIG, write_conformer

from services.base.errors import BadConfig
from services.lips.bundle import card_of, characters_of
from services.lips.language_model.arpa import arpa_file
from services.lips.language_model.witten_bell import witten_bell
from services.training.recipes import ctc_graph
from services.training.recipes.chinese_lips_conformer import graphs
from services.training.recipes.chinese_lips_conformer.entry_points import export_main
from services.training.recipes.chinese_lips_conformer.entry_points import test_main as run_test
from services.training.recipes.chinese_lips_conformer.spec import with_syllables


def test_every_clip_of_a_split_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_lips(tmp_path / "data", {"train": [LipsExample("1_20_M_KJ_000", "文字")],
                                          "test": [LipsExample("3_20_M_KJ_000", "文说")]})  # fmt: skip
    words = ["--data-root", str(root), "--checkpoint", write_conformer(root, "文字说"), "--json"]
    assert run_test(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clips"], found["learnt_from"]) == (1, 0)
    assert (root / "tests/test/test.html").is_file()


def test_errors_of_pinyin_stand_beside_those_of_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pypinyin")
    root = write_lips(tmp_path / "data", {"train": [LipsExample("1_20_M_KJ_000", "文字")],
                                          "test": [LipsExample("3_20_M_KJ_000", "文说")]})  # fmt: skip
    config = with_syllables(CONFIG, ("wen", "zi"), pinyin_weight=0.3)
    words = ["--data-root", str(root), "--checkpoint", write_conformer(root, "文字说", config), "--json"]
    assert run_test(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["per"]["reference_units"] == 2, "shuo, which it cannot say, is one of them"
    assert "PER " in found["text"] and "in 2 syllables" in found["text"]
    assert "in 2 syllables" in (root / "tests/test/test.html").read_text()
    assert len(found["digests"]["pinyin"]) == 64


def test_a_language_model_decides_between_what_looks_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A network that has learnt nothing reads what the language model says."""
    root = write_lips(tmp_path / "data", {"train": [LipsExample("1_20_M_KJ_000", "文字")],
                                          "test": [LipsExample("3_20_M_KJ_000", "文字", rate_hz=30)]})  # fmt: skip
    (tmp_path / "lm.arpa").write_bytes(arpa_file(witten_bell(["文字"] * 9, 2, "文字说")))
    words = ["--data-root", str(root), "--checkpoint", write_conformer(root, "文字说"), "--json"]
    words += ["--lm", str(tmp_path / "lm.arpa"), "--lm-weight", "50", "--beam-width", "9", "--rescoring", "0"]
    assert run_test(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["transcripts"][0]["hypothesis"] == "文字"
    assert "language model of order 2" in found["text"] and "lm" in found["digests"]


@pytest.mark.parametrize(("ctc_weight", "kind"), [(0.3, "joint"), (1.0, "ctc")])
def test_all_that_reads_is_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ctc_weight: float, kind: str
) -> None:
    for module in (ctc_graph, graphs):
        monkeypatch.setattr(module, "COMPARED", ((5,), (9, 30)))
    config = dataclasses.replace(CONFIG, frame_height=96, frame_width=96, ctc_weight=ctc_weight)
    words = ["--checkpoint", write_conformer(tmp_path, "文字说", config), "--bundle", str(tmp_path / "bundle")]
    assert export_main([*words, "--mouth-profile", "aligned-face", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["greatest_difference"] <= 1e-4
    card = card_of((tmp_path / "bundle/card.json").read_bytes())
    assert (card.recipe, card.height_px, card.steps_per_frame) == ("chinese-lips-conformer", 96, 1)
    assert (card.kind, card.usual) == (kind, {"beam_width": 10, "rescoring": 0.5} if kind == "joint" else {})
    assert characters_of((tmp_path / "bundle/tokenizer.json").read_bytes()) == "字文说"


def test_pictures_of_another_size_than_the_profiles_are_refused(tmp_path: Path) -> None:
    words = ["--checkpoint", write_conformer(tmp_path, "文"), "--bundle", str(tmp_path / "bundle")]
    with pytest.raises(BadConfig, match="OTHER_SIZE"):
        export_main([*words, "--mouth-profile", "aligned-face"])
