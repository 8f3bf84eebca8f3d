"""A backend whose library is missing is said with the extra that brings it."""

import sys

import pytest

from services.base.errors import BadConfig
from services.features.opening import open_model
from services.features.spec import FeaturesConfig


@pytest.mark.parametrize(
    ("config", "library", "extra"),
    [
        (FeaturesConfig(), "torch", "features"),
        (FeaturesConfig(backend="onnxruntime"), "onnxruntime", "features"),
        (FeaturesConfig(backend="triton", triton="localhost:1"), "tritonclient.grpc", "triton"),
    ],
)
def test_a_missing_library_is_said_with_the_remedy(
    config: FeaturesConfig, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    for name in (
        "services.features.runtimes.torch",
        "services.features.runtimes.onnx",
        "services.features.runtimes.weights",
        "services.triton.client",
        "services.features.triton.networks",
        "services.features.frames.inception",
        "services.features.frames.stretch",
        "services.features.speech.semantic",
    ):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(BadConfig, match=rf"LIBRARY_MISSING: {library.split('.', maxsplit=1)[0]}.*visemill\[{extra}\]"):
        open_model(config)
