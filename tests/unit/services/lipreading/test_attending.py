"""A bundle of attention reads what the network reads, character by character."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.geometry.mouth_window import AlignedFace  # noqa: E402
from services.lipreading.attending import AttendingReader  # noqa: E402
from services.lipreading.bundle_files import models_of, open_bundle  # noqa: E402
from services.lipreading.export import export_bundle  # noqa: E402
from services.lipreading.spec import LipreadingConfig  # noqa: E402
from services.lips.bundle import BundleCard, card_file  # noqa: E402
from services.training.lipreading.tokenizer import tokenizer_file, tokenizer_of  # noqa: E402
from services.training.recipes.chinese_lips_lstm import graphs  # noqa: E402
from services.training.recipes.chinese_lips_lstm.reader import Reader  # noqa: E402
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig  # noqa: E402
from services.triton.config import Serving  # noqa: E402

CONFIG = ChineseLipsConfig(
    hidden_dim=16, num_heads=2, num_lstm_layers=1, frame_height=32, frame_width=32, max_text_length=9, dropout=0.0
)
READER = Reader(CONFIG, tokenizer_of(["文字说"]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a network that has learnt nothing, and says something."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graphs, "_COMPARED", ((5,),))
        files, _ = graphs.attention_graphs(network(), 32, 32)
    made = {**files, "tokenizer": tokenizer_file(READER.tokenizer)}
    mouth = dataclasses.asdict(AlignedFace("aligned-face", 32, 32))
    card = BundleCard(
        "chinese-lips-lstm", {}, {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}, mouth, 32, 32,
        25.0, 1, "in the graph", kind="attention", max_ids=9,
    )  # fmt: skip
    target = tmp_path_factory.mktemp("bundle")
    for name, file in card.files.items():
        (target / file).write_bytes(made[name])
    (target / "card.json").write_bytes(card_file(card))
    return target


def network() -> graphs.AttentionLipreader:
    model = READER.network(3).eval()
    with torch.no_grad():
        # Or it would end at once, or say one character for ever.
        model.decoder.fc.bias[:4] -= 2.0
        model.decoder.fc.weight *= 8
    return model


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
    with pytest.raises(BadConfig, match="NOT_SERVED"):
        export_bundle(tmp_path / "repository", folder, "", Serving())


def test_both_networks_are_what_the_card_says(folder: Path, tmp_path: Path) -> None:
    config = LipreadingConfig(bundle=str(folder))
    assert len(models_of(config)["chinese-lips-lstm"].split()) == 3
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "decoder.onnx").write_bytes(b"other")
    with pytest.raises(BadConfig, match=r"BUNDLE_DAMAGED.*decoder\.onnx"):
        open_bundle(LipreadingConfig(bundle=str(tmp_path)))
