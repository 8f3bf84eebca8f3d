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


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks what is said where there is no GPU")
def test_a_gpu_that_is_not_there_is_said_before_the_data_set_is_read(tmp_path: Path) -> None:
    config = ChineseLipsConfig(data_root=str(tmp_path / "missing"), device="cuda")
    place = SimpleNamespace(rank=0, local_rank=0)
    with pytest.raises(BadConfig, match="NO_GPU"):
        training.train_lips(
            KIND, config, SimpleNamespace(spec=SimpleNamespace(output_root=str(tmp_path / "out")), place=place)
        )
