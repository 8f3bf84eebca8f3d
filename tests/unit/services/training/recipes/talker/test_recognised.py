"""Weights alone say by their shapes how wide their network is, what sound it takes, and a U-Net its size."""

import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.recipes.talker.recognised import (  # noqa: E402
    Recognised,
    asr_of,
    check_weights,
    recognised_syncnet,
    recognised_unet,
    resolution_of,
)
from services.training.talker.networks.syncnet import SyncNet  # noqa: E402
from services.training.talker.networks.unet import UNet  # noqa: E402

WIDTHS = (1.0, 0.5, 0.25, 0.125, 0.3, 0.75, 0.33)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("face_px", "resolution"), [(320, "328"), (160, "160")])
@pytest.mark.parametrize(("asr", "channels"), [("ave", 32), ("wenet", 256)])
def test_a_unet_says_all_of_it(width, face_px, resolution, asr, channels):
    with torch.device("meta"):
        weights = UNet(asr, face_px, width).state_dict()
        found = recognised_unet(weights, "24.pth")
        check_weights(UNet(asr, face_px, found.width).state_dict(), weights, "24.pth")
    assert (found.sound_channels, found.resolution) == (channels, resolution)
    assert found.width == pytest.approx(width, abs=0.005)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("prefix", ["", "network."])
def test_a_syncnet_says_all_but_its_size(width, prefix):
    with torch.device("meta"):
        weights = SyncNet("hubert", 320, width).state_dict()
        found = recognised_syncnet({f"{prefix}{name}": value for name, value in weights.items()}, "3.pth")
        check_weights(SyncNet("ave", 160, found.width).state_dict(), weights, "3.pth")
    assert (found.sound_channels, found.resolution) == (32, "")


def test_another_network_is_refused_by_the_first_name_that_is_missing():
    with torch.device("meta"):
        unet, syncnet = UNet("ave", 160, 0.25).state_dict(), SyncNet("ave", 160, 0.25).state_dict()
    with pytest.raises(BadConfig, match=r"OTHER_NETWORK.*lacks audio_model\.conv1"):
        recognised_unet(syncnet, "3.pth")
    with pytest.raises(BadConfig, match=r"OTHER_NETWORK.*lacks audio_encoder\.0"):
        recognised_syncnet(unet, "24.pth")
    first = next(iter(unet))
    with pytest.raises(BadConfig, match=f"OTHER_NETWORK.*{first}, and lacks it"):
        check_weights(unet, {name: value for name, value in unet.items() if name != first}, "24.pth")
    with torch.device("meta"):
        wider = UNet("ave", 160, 0.5).state_dict()
    with pytest.raises(BadConfig, match=r"OTHER_NETWORK.*audio_model\.conv1\.conv\.6\.weight, and has it as"):
        check_weights(unet, wider, "24.pth")
    mixed = {**unet, "audio_model.bn3.weight": wider["audio_model.bn3.weight"]}
    with pytest.raises(BadConfig, match=r"OTHER_NETWORK.*no one width"):
        recognised_unet(mixed, "24.pth")


@pytest.mark.parametrize(
    ("channels", "asked", "expected"),
    [(256, "", "wenet"), (32, "hubert", "hubert"), (32, "", "NO_ASR"), (32, "wenet", "OTHER_ASR"),
     (256, "ave", "OTHER_ASR"), (7, "ave", "OTHER_ASR")],
)  # fmt: skip
def test_features_that_do_not_fit_are_refused_and_those_that_shapes_do_not_tell_are_asked_for(
    channels, asked, expected
):
    found = Recognised(1.0, channels)
    if expected.isupper():
        with pytest.raises(BadConfig, match=expected):
            asr_of(found, asked, "24.pth")
    else:
        assert asr_of(found, asked, "24.pth") == expected


def test_a_size_is_told_asked_for_or_the_usual():
    assert resolution_of(Recognised(1.0, 32, "160"), "", "a") == "160"
    assert resolution_of(Recognised(1.0, 32), "160", "a") == "160"
    assert resolution_of(Recognised(1.0, 32), "", "a") == "328"
    with pytest.raises(BadConfig, match="OTHER_RESOLUTION"):
        resolution_of(Recognised(1.0, 32, "160"), "328", "a")
