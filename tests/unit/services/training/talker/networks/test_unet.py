"""The network that paints, in every form: a face of the size that it was given."""

import pytest

torch = pytest.importorskip("torch")

from services.lips.talker_input import SOUND_SHAPES  # noqa: E402
from services.training.talker.networks.unet import UNet  # noqa: E402


@pytest.mark.parametrize("asr_model", sorted(SOUND_SHAPES))
@pytest.mark.parametrize("face_px", [320, 160])
def test_a_face_of_the_same_size_comes_out(asr_model: str, face_px: int) -> None:
    network = UNet(asr_model, face_px, width=0.125).eval()
    with torch.inference_mode():
        made = network(torch.rand(1, 6, face_px, face_px), torch.randn(1, *SOUND_SHAPES[asr_model][:3]))
    assert made.shape == (1, 3, face_px, face_px) and 0 <= float(made.min()) <= float(made.max()) <= 1


@pytest.mark.parametrize("settings", [{"face_px": 96}, {"width": 0.0}, {"width": 1.5}])
def test_what_cannot_be_is_refused(settings: dict) -> None:
    with pytest.raises(ValueError, match="320 or 160"):
        UNet("ave", **settings)
