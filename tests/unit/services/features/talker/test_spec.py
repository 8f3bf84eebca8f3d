"""Settings of the stage check themselves; what decides rows enters the key."""

from typing import Any

import pytest

from services.features import spec as of_networks
from services.features.talker import spec as of_talker
from services.features.talker.spec import MODELS, SPEC, AudioFeaturesConfig, fingerprint, settled


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (of_networks, of_talker):
        monkeypatch.setattr(module, "chosen_device", lambda device: "cpu" if device == "auto" else device)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"model": "whisper"}, "model 'whisper' must be one of ave, mel, hubert, wenet"),
        ({"model": "mel", "weights": "a.pth"}, "model mel has no weights"),
        ({"model": "mel", "backend": "triton", "triton": "a:1"}, "model mel is computed here"),
        ({"model": "hubert", "backend": "triton"}, "give --triton HOST:PORT"),
        ({"backend": "triton"}, "give --triton HOST:PORT"),
        ({"batch_size": 0}, "from 1 to 4096"),
        ({"weights_sha256": "ab"}, "64 lower-case"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        AudioFeaturesConfig(**values)


def test_models_of_weights_are_a_network_of_the_table_or_have_files_of_their_own() -> None:
    assert {name: model.has_weights for name, model in MODELS.items() if name != "ave"} == {
        "mel": False,
        "hubert": True,
        "wenet": True,
    }
    network = AudioFeaturesConfig(backend="onnxruntime", batch_size=9, seed=3).network
    assert network == of_networks.FeaturesConfig(model="ave", backend="onnxruntime", batch_size=9, seed=3)


def test_what_decides_rows_enters_the_key() -> None:
    assert fingerprint(AudioFeaturesConfig(model="mel")).key_config == {"model": "mel"}
    assert fingerprint(AudioFeaturesConfig(model="mel")).libraries == ("numpy",)
    key = fingerprint(AudioFeaturesConfig()).key_config
    assert (key["model"], key["backend"], key["device"], key["batch_size"]) == ("ave", "torch", "cpu", 64)
    assert fingerprint(AudioFeaturesConfig(backend="onnxruntime")).libraries == ("numpy", "onnxruntime")
    assert fingerprint(AudioFeaturesConfig(weights="a.pth")).key_config == key, "a file counts by its digest"
    hubert = fingerprint(AudioFeaturesConfig(model="hubert", num_threads=2))
    assert hubert.key_config == {"model": "hubert", "device": "cpu", "num_threads": 2}
    assert hubert.libraries == ("numpy", "torch")
    wenet = fingerprint(AudioFeaturesConfig(model="wenet"))
    assert (wenet.key_config, wenet.libraries) == ({"model": "wenet", "num_threads": 1}, ("numpy", "onnxruntime"))
    assert fingerprint(AudioFeaturesConfig(model="wenet", backend="onnxruntime")) == wenet, "it is one file anyway"
    exported = fingerprint(AudioFeaturesConfig(model="hubert", backend="onnxruntime"))
    assert exported.key_config == {"model": "hubert", "backend": "onnxruntime", "num_threads": 1}
    assert exported.libraries == ("numpy", "onnxruntime")
    for model in ("hubert", "wenet"):
        served = fingerprint(AudioFeaturesConfig(model=model, backend="triton", triton="a:1", num_threads=2))
        assert (served.key_config, served.libraries) == ({"model": model, "backend": "triton"}, ("numpy",))


def test_models_are_told_by_their_weights() -> None:
    assert SPEC.models(AudioFeaturesConfig(seed=4)) == {"ave": "seeded:4"}
    assert SPEC.models(AudioFeaturesConfig(model="mel")) == {}
    for model in ("hubert", "wenet"):
        served = AudioFeaturesConfig(model=model, backend="triton", triton="a:1", weights_sha256="a" * 64)
        assert SPEC.models(served) == {model: f"sha256:{'a' * 64}"}, "what the server must serve"


def test_the_device_is_settled_where_a_network_computes() -> None:
    assert settled(AudioFeaturesConfig()) == {"device": "cpu"}
    assert settled(AudioFeaturesConfig(), "cuda") == {"device": "cuda"}
    assert settled(AudioFeaturesConfig(model="hubert"), "cuda") == {"device": "cuda"}
    assert settled(AudioFeaturesConfig(model="hubert", backend="onnxruntime"), "cuda") == {}
    assert settled(AudioFeaturesConfig(model="mel")) == settled(AudioFeaturesConfig(model="wenet")) == {}
