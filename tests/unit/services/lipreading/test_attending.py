"""A bundle of attention reads what the network reads, character by character."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from attention_bundle import READER, network, write_attention_bundle  # noqa: E402

from services.base.errors import BadConfig  # noqa: E402
from services.lipreading.attending import AttendingReader  # noqa: E402
from services.lipreading.bundle_files import models_of, open_bundle  # noqa: E402
from services.lipreading.spec import LipreadingConfig  # noqa: E402
from services.training.recipes.chinese_lips_lstm import graphs  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_attention_bundle(tmp_path_factory.mktemp("bundle"))


def test_it_reads_what_the_network_reads(folder: Path) -> None:
    config = LipreadingConfig(bundle=str(folder))
    reads = AttendingReader(open_bundle(config), config)
    texts = set()
    for seed in range(4):
        mouths_THWC = np.random.default_rng(seed).integers(0, 256, (12 + seed, 32, 32, 3), np.uint8)
        found = reads(mouths_THWC, "c", True)
        grey = torch.from_numpy(graphs._grey(mouths_THWC)[None, ..., None])
        with torch.inference_mode():
            expected = READER.read(network(), {"frames_BTHWC": grey, "lengths_B": torch.tensor([len(mouths_THWC)])})
        assert [found.text] == expected
        assert (found.times_s_L >= 0).all() and (found.times_s_L < len(mouths_THWC) / 25).all()
        assert (found.probs_L > 0).all() and found.log_prob < 0
        texts.add(found.text)
    assert texts != {""}


def test_what_takes_no_part_is_refused(folder: Path, tmp_path: Path) -> None:
    config = LipreadingConfig(bundle=str(folder), lm=str(tmp_path / "x.arpa"))
    with pytest.raises(BadConfig, match=r"BAD_SETTING.*bundle of CTC"):
        AttendingReader(open_bundle(config), config)


def test_both_networks_are_what_the_card_says(folder: Path, tmp_path: Path) -> None:
    config = LipreadingConfig(bundle=str(folder))
    assert len(models_of(config)["chinese-lips-lstm"].split()) == 3
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "decoder.onnx").write_bytes(b"other")
    with pytest.raises(BadConfig, match=r"BUNDLE_DAMAGED.*decoder\.onnx"):
        open_bundle(LipreadingConfig(bundle=str(tmp_path)))
