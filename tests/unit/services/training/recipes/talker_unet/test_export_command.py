"""A head that was trained, or one of the original's code, becomes a bundle that paints the same."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnxruntime  # noqa: E402

from services.base.errors import BadConfig  # noqa: E402
from services.formats.talker.consent import consent_in  # noqa: E402
from services.formats.talker.head import card_of  # noqa: E402
from services.training.checkpoint.file import weights_file  # noqa: E402
from services.training.recipes.talker_unet.export_command import HeadGraph, export_main, made_input  # noqa: E402
from services.training.talker.networks.unet import UNet  # noqa: E402

FACTS = {"recipe": "talker-unet", "asr": "mel", "resolution": "160", "width": "0.125", "mouth_weight": "4", "seed": "1"}
CONSENT = consent_in(b"who: anna\nwhat_for: a test\nwhen: 2026-01-02\n", "")


def network() -> "torch.nn.Module":
    torch.manual_seed(3)
    return UNet("mel", 160, 0.125)


def test_a_bundle_paints_as_the_checkpoint_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = network()
    file = tmp_path / "best.safetensors"
    file.write_bytes(weights_file(model.state_dict(), {**FACTS, **CONSENT.facts()}))
    bundle = tmp_path / "head"
    assert export_main(["--checkpoint", str(file), "--bundle", str(bundle), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["greatest_difference"] <= 1e-4
    card = card_of((bundle / "card.json").read_bytes())
    assert (card.asr, card.resolution, card.width) == ("mel", "160", 0.125)
    assert card.digests["consent"] == CONSENT.digest
    assert (bundle / "consent.json").read_text() == CONSENT.text
    given = made_input(5, "mel", 160)
    session = onnxruntime.InferenceSession(str(bundle / "model.onnx"), providers=["CPUExecutionProvider"])
    named = dict(zip(("references", "faces", "sounds"), (one.numpy() for one in given), strict=True))
    with torch.inference_mode():
        expected = HeadGraph(model.eval()).eval()(*given).numpy()
    assert np.abs(session.run(["painted"], named)[0] - expected).max() <= 1e-4

    with pytest.raises(BadConfig) as found:
        export_main(["--checkpoint", str(file), "--bundle", str(bundle)])
    assert found.value.reason == "OUTPUT_EXISTS"


def test_weights_alone_of_another_width_and_size_are_recognised(tmp_path: Path) -> None:
    file = tmp_path / "99.pth"
    torch.save(network().state_dict(), file)
    assert export_main(["--checkpoint", str(file), "--bundle", str(tmp_path / "head"), "--asr", "ave"]) == 0
    card = card_of((tmp_path / "head" / "card.json").read_bytes())
    assert (card.asr, card.resolution, card.width) == ("ave", "160", 0.125)


@pytest.mark.parametrize(
    ("facts", "flags", "reason"),
    [
        ({**FACTS, "recipe": "talker-syncnet"}, (), "OTHER_RECIPE"),
        (FACTS, ("--asr", "hubert"), "OTHER_ASR"),
        ({}, (), "NO_ASR"),
        ({}, ("--asr", "wenet"), "OTHER_ASR"),
        ({**FACTS, "width": "0.25"}, (), "OTHER_NETWORK"),
    ],
)
def test_what_is_no_head_is_refused(tmp_path: Path, facts: dict[str, str], flags: tuple[str, ...], reason: str) -> None:
    file = tmp_path / "99.safetensors"
    file.write_bytes(weights_file(network().state_dict(), facts))
    with pytest.raises(BadConfig) as found:
        export_main(["--checkpoint", str(file), "--bundle", str(tmp_path / "head"), *flags])
    assert found.value.reason == reason
