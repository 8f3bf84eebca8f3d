"""A trained lipreader is opened from its file, ours or the baseline's."""

import io
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.checkpoint.file import weights_file  # noqa: E402
from services.training.lipreading.tokenizer import tokenizer_file, tokenizer_of  # noqa: E402
from services.training.recipes.chinese_lips_lstm.entry_points import KIND  # noqa: E402
from services.training.recipes.chinese_lips_lstm.reader import Reader  # noqa: E402
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig  # noqa: E402
from services.training.recipes.lips.trained import open_trained  # noqa: E402

CONFIG = ChineseLipsConfig(hidden_dim=16, num_heads=2, num_lstm_layers=1)
TOKENIZER = tokenizer_of(["文字"])
READER = Reader(CONFIG, TOKENIZER)


def file_in(folder: Path, **facts: str) -> str:
    data = weights_file(READER.network(1).state_dict(), {"recipe": "chinese-lips-lstm", **READER.facts(), **facts})
    (folder / "model.safetensors").write_bytes(data)
    return str(folder / "model.safetensors")


def test_the_facts_of_a_file_say_what_network_it_is_of(tmp_path: Path) -> None:
    trained = open_trained(KIND, file_in(tmp_path))
    assert (trained.config.hidden_dim, trained.tokenizer) == (16, TOKENIZER)
    assert torch.equal(trained.network().decoder.fc.weight, READER.network(1).decoder.fc.weight)


def test_a_file_of_another_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="OTHER_RECIPE"):
        open_trained(KIND, file_in(tmp_path, recipe="grid-ctc"))


def test_a_file_of_the_baseline_has_its_settings_and_characters_beside_it(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"epoch": 0, "model_state_dict": READER.network(1).state_dict()}, buffer)
    (tmp_path / "best_model.pt").write_bytes(buffer.getvalue())
    with pytest.raises(BadConfig, match="NO_TOKENIZER"):
        open_trained(KIND, str(tmp_path / "best_model.pt"))
    (tmp_path / "tokenizer.json").write_bytes(tokenizer_file(TOKENIZER))
    (tmp_path / "config.yaml").write_text("hidden_dim: 16\nnum_heads: 2\nnum_lstm_layers: 1\nof_another: 3\n")
    trained = open_trained(KIND, str(tmp_path / "best_model.pt"))
    assert torch.equal(trained.network().decoder.fc.weight, READER.network(1).decoder.fc.weight)
    (tmp_path / "config.yaml").write_text("hidden_dim: 7\n")
    with pytest.raises(BadConfig, match="BAD_SETTING"):
        open_trained(KIND, str(tmp_path / "best_model.pt"))
