"""The network of a bundle, opened where the config says, or refused with what to do."""

import sys
from pathlib import Path

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.lipreading.bundle_files import open_bundle
from services.lipreading.network import Encoder, check_of_server, open_encoder, open_network
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import LOG_PROBS

MOUTHS_THWC = np.full((3, 50, 100, 3), 250, np.uint8)


def test_an_encoder_here_tells_classes_at_each_step(bundle: Path) -> None:
    config = LipreadingConfig(bundle=str(bundle))
    (found_SK,) = open_encoder(config, open_bundle(config).card, [LOG_PROBS])(MOUTHS_THWC, "a.mpg")
    assert found_SK.shape == (3, 3) and found_SK.argmax(axis=1).tolist() == [0, 0, 0]


def test_an_encoder_takes_its_own_steps_of_what_was_padded_and_refuses_fewer() -> None:
    given = np.arange(8.0, dtype=np.float32).reshape(1, 4, 2)
    (found,) = Encoder(lambda *_: [given], ("memory",), 1)(MOUTHS_THWC, "a.mpg")
    assert found.tolist() == given[0, :3].tolist()
    with pytest.raises(BadConfig, match=r"WRONG_MODEL.*4 steps of memory for 3 frames.*says 6"):
        Encoder(lambda *_: [given], ("memory",), 2)(MOUTHS_THWC, "a.mpg")


def test_a_file_that_is_no_network_is_refused(bundle: Path) -> None:
    config = LipreadingConfig(bundle=str(bundle))
    card = open_bundle(config).card
    (bundle / "model.onnx").write_bytes(b"no network")
    with pytest.raises(BadConfig, match="BUNDLE_DAMAGED"):
        open_network(config, card)


@pytest.mark.parametrize("opens", [open_network, check_of_server])
def test_a_missing_library_is_said_with_the_remedy(
    opens: object, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = LipreadingConfig(bundle=str(bundle), backend="triton", triton="localhost:1")
    card = open_bundle(config).card
    monkeypatch.setitem(sys.modules, "tritonclient.grpc", None)
    for name in ("services.triton.client", "services.lipreading.served"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr("services.lipreading.served", raising=False)
    with pytest.raises(BadConfig, match=r"LIBRARY_MISSING: tritonclient.*visemill\[triton\]"):
        opens(config, card)  # type: ignore[operator]
