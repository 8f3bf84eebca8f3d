"""The network of lips and sound in every form: unit vectors of one length, whatever the features and the size."""

import pytest

torch = pytest.importorskip("torch")

from services.lips.talker_input import SOUND_SHAPES  # noqa: E402
from services.training.talker.networks.syncnet import SyncNet  # noqa: E402


@pytest.mark.parametrize("asr_model", sorted(SOUND_SHAPES))
@pytest.mark.parametrize("face_px", [320, 160])
def test_faces_and_sounds_become_unit_vectors_of_one_length(asr_model: str, face_px: int) -> None:
    network = SyncNet(asr_model, face_px, width=0.125).eval()
    with torch.inference_mode():
        sounds, faces = network(torch.rand(2, 3, face_px, face_px), torch.randn(2, *SOUND_SHAPES[asr_model][:3]))
    assert sounds.shape == faces.shape == (2, 64 * 9)
    assert torch.allclose(faces.norm(dim=1), torch.ones(2)) and torch.allclose(sounds.norm(dim=1), torch.ones(2))


@pytest.mark.parametrize("settings", [{"face_px": 96}, {"width": 0.0}, {"width": 1.5}])
def test_what_cannot_be_is_refused(settings: dict) -> None:
    with pytest.raises(ValueError, match="320 or 160"):
        SyncNet("ave", **settings)


def test_features_that_are_not_known_are_refused() -> None:
    with pytest.raises(KeyError):
        SyncNet("deepspeech")
