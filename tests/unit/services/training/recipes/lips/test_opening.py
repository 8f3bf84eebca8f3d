"""The data of a training, and the tokenizer of its folder."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from lips_data import LipsExample, write_lips

pytest.importorskip("torch")

import torch

from services.base.errors import BadConfig
from services.base.store.open import open_store
from services.training.lipreading.tokenizer import tokenizer_file, tokenizer_of
from services.training.recipes.chinese_lips_lstm.entry_points import KIND
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig
from services.training.recipes.lips import opening as training


def test_the_tokenizer_is_of_the_training_text_and_a_stale_one_is_refused(tmp_path: Path) -> None:
    train = [LipsExample("1_20_M_KJ_000", "文字"), LipsExample("2_20_M_KJ_000", "说")]
    write_lips(tmp_path / "data", {"train": train, "valid": [LipsExample("3_20_M_KJ_000", "新")]})
    config = ChineseLipsConfig(data_root=str(tmp_path / "data"))
    data = training.open_data(config, str(tmp_path / "state"))
    assert training.training_tokenizer(data).characters == "字文说"
    outputs = open_store(str(tmp_path / "out"))
    training._require_fresh(outputs, data)
    outputs.put("tokenizer.json", tokenizer_file(tokenizer_of(["文字说"])))
    training._require_fresh(outputs, data)
    outputs.put("tokenizer.json", tokenizer_file(tokenizer_of(["旧"])))
    with pytest.raises(BadConfig, match="TOKENIZER_STALE"):
        training._require_fresh(outputs, data)


@pytest.mark.parametrize(("device", "expected"), [("cpu", "cpu"), ("auto", "meta")])
def test_device_cpu_trains_on_the_processor_even_where_there_is_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, expected: str
) -> None:
    write_lips(tmp_path / "data", {"train": [LipsExample("1_20_M_KJ_000", "文字")]})
    config = ChineseLipsConfig(data_root=str(tmp_path / "data"), device=device)
    trained_on = []
    # `meta` stands for a GPU: no machine takes it for its processor.
    monkeypatch.setattr(training, "device_of", lambda local_rank: torch.device("meta"))
    monkeypatch.setattr(training, "train", lambda pieces, settings, rank, device: trained_on.append(device.type))
    place = SimpleNamespace(rank=0, local_rank=0)
    training.train_lips(
        KIND, config, SimpleNamespace(spec=SimpleNamespace(output_root=str(tmp_path / "out")), place=place)
    )
    assert trained_on == [expected]
