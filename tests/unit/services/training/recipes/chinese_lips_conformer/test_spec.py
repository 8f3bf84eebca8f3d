"""Settings of the recipe: what decides what is learnt, and what cannot be."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from services.base.stage.spec import ByName
from services.training.recipes.chinese_lips_conformer.spec import NUM_BLOCKS, RECIPE, ConformerConfig


@pytest.mark.parametrize(
    "wrong",
    [
        {"ctc_weight": 0.0},
        {"ctc_weight": 1.1},
        {"rescoring": -0.1},
        {"beam_width": 0},
        {"short_frames": 0},
        {"short_share": 1.0},
        {"warm_up_share": 1.0},
        {"dropout": 1.0},
        {"learning_rate": 0.0},
        {"frame_height": 50},
        {"flip": 2.0},
        {"pinyin_weight": -0.1},
        {"pinyin_block": 13},
        {"pinyin_block": 4, "size": "small"},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ConformerConfig(**wrong)


def test_how_a_test_reads_decides_nothing_of_what_is_learnt() -> None:
    def decides(**settings: Any) -> Any:
        return RECIPE.fingerprint(ConformerConfig(**settings)).key_config

    assert decides(data_root="/elsewhere", beam_width=3, rescoring=0.1, cache_mib=1) == decides()
    assert decides(ctc_weight=0.5) != decides()
    assert decides(init="x.pt") == decides(), "its content decides, which models tell"
    assert decides(pinyin_tones=True, pinyin_block=2) == decides(), "nothing reads pinyin"
    assert decides(pinyin_weight=0.3, pinyin_tones=True) != decides(pinyin_weight=0.3) != decides()


def test_what_init_holds_is_among_the_models(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(b"weights")
    assert set(RECIPE.models(ConformerConfig(init=str(tmp_path / "x.pt")))) == {"init"}
    assert not RECIPE.models(ConformerConfig())


def test_encoders_have_as_many_blocks_as_it_says() -> None:
    pytest.importorskip("torch")
    from services.training.lipreading.networks.conformer_lipreader import BASE, SMALL

    assert {"base": BASE.encoder.num_blocks, "small": SMALL.encoder.num_blocks} == NUM_BLOCKS


@pytest.mark.parametrize("entry_point", list(RECIPE.entry_points))
def test_every_entry_point_is_there(entry_point: str) -> None:
    pytest.importorskip("torch")
    assert callable(RECIPE.entry_points[entry_point].resolve())
    assert isinstance(RECIPE.train, ByName) and callable(RECIPE.train.resolve())


def test_all_settings_are_flags() -> None:
    assert all(field.metadata.get("help") for field in dataclasses.fields(ConformerConfig))
