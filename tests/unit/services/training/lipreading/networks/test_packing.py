import pytest

torch = pytest.importorskip("torch")

from services.training.lipreading.networks.packing import frame_places, packed, padded  # noqa: E402


def test_frames_come_in_the_order_of_the_clips_without_what_pads_them() -> None:
    x_BTC = torch.tensor([[[1], [2], [9]], [[3], [9], [9]], [[4], [5], [6]]])
    places_N = frame_places(torch.tensor([2, 1, 3]), 3)
    assert places_N.tolist() == [0, 1, 3, 6, 7, 8]
    assert packed(x_BTC, places_N)[:, 0].tolist() == [1, 2, 3, 4, 5, 6]


def test_back_in_their_places_they_are_padded_with_zeros() -> None:
    places_N = frame_places(torch.tensor([1, 2]), 3)
    x_BTC = padded(torch.tensor([[7.0], [8.0], [9.0]]), places_N, 2, 3)
    assert x_BTC[..., 0].tolist() == [[7, 0, 0], [8, 9, 0]]
