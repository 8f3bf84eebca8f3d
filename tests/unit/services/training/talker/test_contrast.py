"""The loss of lips and sound: least for pairs that are alike, blind to neighbours, and finite."""

import pytest

torch = pytest.importorskip("torch")

from services.training.talker.contrast import (  # noqa: E402
    ScaledSyncNet,
    as_input,
    contrastive_loss,
    lacking_likeness,
    original_loss,
)
from services.training.talker.networks.syncnet import SyncNet  # noqa: E402

SCALE = torch.tensor(10.0)


def unit(*shape: int) -> "torch.Tensor":
    return torch.nn.functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(1)), dim=-1)


def loss(sounds: "torch.Tensor", faces: "torch.Tensor", clips: list[int], frames: list[int]) -> float:
    return float(contrastive_loss(sounds, faces, torch.tensor(clips), torch.tensor(frames), SCALE, 5))


def test_pairs_that_are_alike_cost_less_than_others():
    vectors = unit(4, 16)
    apart = ([0, 0, 1, 1], [0, 10, 0, 10])
    assert loss(vectors, vectors, *apart) < loss(vectors, vectors[[1, 0, 3, 2]], *apart)


def test_near_frames_of_one_clip_are_no_negatives_and_those_of_another_are():
    vectors = torch.ones(2, 1)
    assert loss(vectors, vectors, [0, 0], [0, 4]) == 0
    assert loss(vectors, vectors, [0, 0], [0, 5]) == pytest.approx(2 * 0.6931, abs=1e-3)
    assert loss(vectors, vectors, [0, 1], [0, 4]) == pytest.approx(2 * 0.6931, abs=1e-3)


def test_the_originals_loss_falls_for_right_pairs_whatever_the_others_are():
    same = torch.ones(3, 1)
    assert float(original_loss(same, same)) == 0
    assert torch.isfinite(original_loss(same, -same))


def test_the_scale_is_learnt_and_bounded():
    model = ScaledSyncNet(SyncNet("mel", 160, 0.125))
    assert float(model.scale.detach()) == pytest.approx(10)
    with torch.no_grad():
        model.log_scale.fill_(99.0)
    assert float(model.scale.detach()) == 100


def test_faces_become_floats_in_the_order_of_channels():
    found = as_input(torch.full((1, 2, 2, 3), 255, dtype=torch.uint8))
    assert found.shape == (1, 3, 2, 2) and found.dtype == torch.float32 and float(found.max()) == 1


def test_a_painted_face_need_not_be_more_like_its_sound_than_the_real_one():
    sounds, across = torch.eye(3)[:1], torch.eye(3)[1:2]
    halfway = (sounds + across) / 2**0.5
    assert float(lacking_likeness(sounds, halfway, halfway)) == 0
    assert float(lacking_likeness(sounds, sounds, halfway)) == 0
    assert float(lacking_likeness(sounds, across, halfway)) == pytest.approx(0.5 / 2**0.5)
    assert float(lacking_likeness(sounds, -sounds, sounds)) == 1
