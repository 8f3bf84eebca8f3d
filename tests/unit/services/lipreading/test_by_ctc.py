"""A bundle with a decoder reads what its checkpoint reads, of clips of any length, whatever was beside them there."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from joint_bundle import TOKENIZER, config_of, network, write_joint_bundle  # noqa: E402

from services.base.errors import BadConfig  # noqa: E402
from services.lipreading.bundle_files import models_of, open_bundle  # noqa: E402
from services.lipreading.by_ctc import CtcReader  # noqa: E402
from services.lipreading.spec import LipreadingConfig  # noqa: E402
from services.lips.language_model.arpa import arpa_file, arpa_of  # noqa: E402
from services.lips.language_model.fusion import Fusion  # noqa: E402
from services.lips.language_model.witten_bell import witten_bell  # noqa: E402
from services.lips.transcript import Transcript  # noqa: E402
from services.training.recipes.chinese_lips_conformer.reader import ConformerReader  # noqa: E402

SIDE_PX = 32


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_joint_bundle(tmp_path_factory.mktemp("bundle"), SIDE_PX)


@pytest.fixture(scope="module")
def lm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lm") / "lm.arpa"
    path.write_bytes(arpa_file(witten_bell(["我们在一个", "搭建", "我们旨在搭建"] * 3, 3, TOKENIZER.characters)))
    return path


def mouths_of(num_frames: int) -> np.ndarray:
    """uint8 [T, 32, 32, 3], grey: blots that move, since of noise all pictures are alike to a network."""
    coarse = np.random.default_rng(num_frames).integers(0, 256, (num_frames, 4, 4, 1), np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2).repeat(3, axis=3)


def by_bundle(folder: Path, clips: list[np.ndarray], **settings: Any) -> list[Transcript]:
    config = LipreadingConfig(bundle=str(folder), **settings)
    reads = CtcReader(open_bundle(config), config)
    return [reads(mouths_THWC, "c", True) for mouths_THWC in clips]


def by_checkpoint(clips: list[np.ndarray], fusion: Fusion | None = None, **settings: Any) -> list[tuple[str, float]]:
    """As `test` reads a batch of these clips."""
    reader = ConformerReader(dataclasses.replace(config_of(SIDE_PX), **settings), TOKENIZER, fusion)
    frames = [torch.from_numpy(one[..., :1].copy()) for one in clips]
    batch = {
        "frames_BTHWC": torch.nn.utils.rnn.pad_sequence(frames, batch_first=True),
        "lengths_B": torch.tensor([len(one) for one in clips]),
    }
    with torch.inference_mode():
        return reader.read_scored(network(SIDE_PX), batch)


@pytest.mark.parametrize("lengths", [(5,), (40, 17), (9, 75, 31), (500, 12, 8, 60)])
def test_it_reads_what_a_test_of_the_checkpoint_reads(folder: Path, lengths: tuple[int, ...]) -> None:
    clips = [mouths_of(length) for length in lengths]
    found, expected = by_bundle(folder, clips), by_checkpoint(clips)
    assert [one.text for one in found] == [text for text, _ in expected]
    for one, (_, score) in zip(found, expected, strict=True):
        assert one.score == pytest.approx(score, abs=1e-4)


def test_so_it_does_with_a_language_model_and_another_search(folder: Path, lm: Path) -> None:
    clips = [mouths_of(length) for length in (30, 50)]
    fusion = Fusion(arpa_of(lm.read_bytes(), "lm"), TOKENIZER.characters, 0.8, 0.3)
    found = by_bundle(folder, clips, lm=str(lm), lm_weight=0.8, lm_bonus=0.3, beam_width=9, rescoring=0.7)
    expected = by_checkpoint(clips, fusion, beam_width=9, rescoring=0.7)
    assert [one.text for one in found] == [text for text, _ in expected]
    assert [one.score for one in found] == [pytest.approx(score, abs=1e-4) for _, score in expected]


def test_the_decoder_has_its_say(folder: Path) -> None:
    clips = [mouths_of(length) for length in (20, 30, 40)]
    texts = {share: tuple(one.text for one in by_bundle(folder, clips, rescoring=share)) for share in (0.0, 1.0)}
    assert texts[0.0] != texts[1.0]
    alone = by_checkpoint(clips, rescoring=0.0)
    assert texts[0.0] == tuple(text for text, _ in alone)


def test_the_likeliest_class_at_each_step_needs_no_decoder(folder: Path) -> None:
    clips = [mouths_of(20)]
    (found,), ((text, score),) = by_bundle(folder, clips, beam_width=1), by_checkpoint(clips, beam_width=1)
    assert (found.text, found.score) == (text, pytest.approx(score, abs=1e-4))


def test_what_a_result_is_pinned_to_says_how_texts_are_searched_for(folder: Path) -> None:
    usual, chosen = (
        models_of(LipreadingConfig(bundle=str(folder), **settings))["chinese-lips-conformer"]
        for settings in ({}, {"beam_width": 20, "rescoring": 0.0})
    )
    assert len(usual.split()) == 3 + 4
    assert usual.endswith("beam_width 6 rescoring 0.4") and chosen.endswith("beam_width 20 rescoring 0")


def test_a_bundle_without_its_decoder_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("card.json", "model.onnx", "tokenizer.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(BadConfig, match=r"BUNDLE_DAMAGED.*decoder\.onnx"):
        by_bundle(tmp_path, [])
