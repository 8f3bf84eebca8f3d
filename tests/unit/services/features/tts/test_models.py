"""Which files a config means: named ones, those of a cache, or none, so that weights are random."""

from pathlib import Path
from typing import Any

import pytest

from services.base.errors import BadConfig
from services.features.tts.models import model_files, models_of, served_weights
from services.features.tts.spec import SpeechConfig


@pytest.fixture(autouse=True)
def _no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv("HF_HOME", raising=False)


def test_every_file_by_its_digest(tiny_model: Any) -> None:
    models = models_of(tiny_model.config())
    assert models.keys() == {"config", "gpt_checkpoint", "w2v_stat", "w2v_bert", "semantic_codec"}
    assert all(source.startswith("sha256:") for source in models.values())


def test_statistics_lie_where_the_config_says(tiny_model: Any) -> None:
    assert model_files(tiny_model.config()).w2v_stat == tiny_model.folder / "stats.pt"


def test_what_is_named_nowhere_is_random() -> None:
    names = ("gpt_checkpoint", "w2v_stat", "w2v_bert", "semantic_codec")
    assert models_of(SpeechConfig(seed=3)) == dict.fromkeys(names, "seeded:3")


def test_a_cache_of_the_hub_is_looked_in(tiny_model: Any, tmp_path: Path) -> None:
    cached = tmp_path / "models--facebook--w2v-bert-2.0" / "snapshots" / "abc" / "model.safetensors"
    cached.parent.mkdir(parents=True)
    cached.write_bytes((tiny_model.folder / "w2v_bert.safetensors").read_bytes())
    assert model_files(SpeechConfig()).w2v_bert == cached
    (tmp_path / "other").mkdir()
    assert model_files(SpeechConfig(hf_cache_dir=str(tmp_path / "other"))).w2v_bert == cached


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_a_cache_that_is_no_folder_is_refused_by_name(tmp_path: Path, name: str) -> None:
    """It would mean random weights, for a letter that is wrong."""
    (tmp_path / "file").touch()
    with pytest.raises(BadConfig, match=rf"--hf-cache-dir .*/{name} is no folder: .* leave it out") as refused:
        models_of(SpeechConfig(hf_cache_dir=str(tmp_path / name)))
    assert refused.value.reason == "MODEL_MISSING"


@pytest.mark.parametrize("setting", ["config", "gpt_checkpoint", "w2v_stat", "w2v_bert", "semantic_codec"])
def test_a_named_file_that_is_not_there_says_where_it_is_published(tiny_model: Any, setting: str) -> None:
    with pytest.raises(BadConfig, match="huggingface") as refused:
        models_of(tiny_model.config(**{setting: "/nowhere/at/all"}))
    assert refused.value.reason == "MODEL_MISSING"
    assert f"--{setting.replace('_', '-')}" in refused.value.message


@pytest.mark.parametrize("content", ["[1, 2]", "a: [", "\x00"])
def test_a_config_that_is_no_mapping_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(BadConfig) as refused:
        model_files(SpeechConfig(config=str(tmp_path / "config.yaml")))
    assert refused.value.reason == "CONFIG_UNREADABLE"


def test_a_server_knows_all_networks_by_one_name_that_tells_of_random_ones(tiny_model: Any) -> None:
    models = models_of(tiny_model.config())
    assert served_weights(models).startswith("sha256:") and served_weights(models) == served_weights(dict(models))
    assert served_weights({**models, "w2v_bert": "sha256:0"}) != served_weights(models)
    assert served_weights({**models, "w2v_bert": "seeded:0"}).startswith("seeded:")


def test_the_name_of_a_servers_weights_may_stand_for_files_that_are_not_here() -> None:
    named = models_of(SpeechConfig(backend="triton", triton="triton:8001", triton_weights="sha256:12"))
    assert served_weights(named) == "sha256:12"
