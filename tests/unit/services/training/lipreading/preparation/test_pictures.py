import dataclasses

import pytest

torch = pytest.importorskip("torch")

from services.training.lipreading.preparation.draws import AS_IT_IS, Augmentation, draw_clip  # noqa: E402
from services.training.lipreading.preparation.pictures import Crop, prepare  # noqa: E402

AS_STORED = draw_clip(AS_IT_IS, "", 75)
WHOLE = Crop(6, 8, 6, 8, (2, 2))


def clip(num_frames: int, seed: int = 0, channels: int = 3) -> "torch.Tensor":
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (1, num_frames, 6, 8, channels), dtype=torch.uint8, generator=draw)


def prepared(x: "torch.Tensor", crop: Crop = WHOLE, **drawn: object) -> "torch.Tensor":
    draw = dataclasses.replace(AS_STORED, **drawn)
    return prepare(x, torch.tensor([x.shape[1]]), [draw], crop)[0][0]


def normal(x: "torch.Tensor") -> "torch.Tensor":
    return (x - x.mean()) / x.std(correction=0)


def test_grey_is_that_of_television_and_each_clip_has_mean_0_and_variance_1() -> None:
    x = clip(4)
    red, green, blue = x[0].float().unbind(-1)
    expected = normal(0.299 * red + 0.587 * green + 0.114 * blue)
    torch.testing.assert_close(prepared(x), expected, rtol=1e-4, atol=1e-5)


def test_pictures_that_are_grey_already_stay_so() -> None:
    x = clip(4, channels=1)
    torch.testing.assert_close(prepared(x), normal(x[0, ..., 0].float()), rtol=1e-4, atol=1e-5)


def test_a_clip_of_one_colour_is_zeros() -> None:
    assert prepared(torch.full((1, 3, 6, 8, 3), 128, dtype=torch.uint8)).abs().max() < 1e-2


def test_a_mirrored_clip_has_its_columns_the_other_way_round() -> None:
    torch.testing.assert_close(prepared(clip(3), flip=True), prepared(clip(3)).flip(-1))


def test_a_crop_is_taken_from_the_middle_and_shrunk_by_areas() -> None:
    x = clip(2, channels=1)
    middle = x[0, :, 1:5, 2:6, 0].float()
    small = (middle[:, 0::2, 0::2] + middle[:, 1::2, 0::2] + middle[:, 0::2, 1::2] + middle[:, 1::2, 1::2]) / 4
    torch.testing.assert_close(prepared(x, Crop(4, 4, 2, 2, (1, 2))), normal(small), rtol=1e-4, atol=1e-4)


def test_a_shifted_crop_is_moved_by_its_share_of_the_margin() -> None:
    x = clip(2, channels=1)
    found = prepared(x, Crop(4, 4, 4, 4, (1, 2)), shift_yx=(1.0, -0.5))
    torch.testing.assert_close(found, normal(x[0, :, 2:6, 1:5, 0].float()), rtol=1e-4, atol=1e-4)


def test_a_crop_that_leaves_the_picture_repeats_its_edge() -> None:
    x = clip(2, channels=1)
    found = prepared(x, shift_yx=(0.0, 1.0))
    columns = [2, 3, 4, 5, 6, 7, 7, 7]
    torch.testing.assert_close(found, normal(x[0, ..., columns, 0].float()), rtol=1e-4, atol=1e-4)


def test_brightness_is_a_gamma() -> None:
    x = clip(3, channels=1)
    found = prepared(x, gamma=1.25)
    torch.testing.assert_close(found, normal((x[0, ..., 0].float() / 255) ** 1.25), rtol=1e-4, atol=1e-4)


def test_a_faster_clip_has_fewer_frames_each_between_its_neighbours_in_time_and_in_their_order() -> None:
    x = clip(9)
    slow, fast = prepared(x), prepared(x, speed=1.25)
    assert len(fast) == 7
    torch.testing.assert_close(fast[4], slow[5])
    torch.testing.assert_close(fast[1], 0.75 * slow[1] + 0.25 * slow[2])
    torch.testing.assert_close(fast[6], 0.5 * slow[7] + 0.5 * slow[8])


def test_masked_frames_show_the_mean_of_the_clip() -> None:
    found = prepared(clip(6), masks=((1, 2), (5, 1)))
    assert [bool(frame.abs().max() > 0) for frame in found] == [True, False, False, True, True, False]
    torch.testing.assert_close(found[0], prepared(clip(6))[0])


@pytest.mark.parametrize("past_the_end", [0, 255])
def test_a_clip_is_the_same_whatever_is_beside_it_or_past_its_end(past_the_end: int) -> None:
    parts = [clip(5, seed=1), clip(9, seed=2), clip(2, seed=3)]
    lengths = torch.tensor([5, 9, 2])
    draws = [draw_clip(Augmentation(), f"0/0/{i}", int(lengths[i])) for i in range(3)]
    batch = torch.full((3, 11, 6, 8, 3), past_the_end, dtype=torch.uint8)
    for i, part in enumerate(parts):
        batch[i, : lengths[i]] = part[0]
    together, lengths_after = prepare(batch, lengths, draws, WHOLE)
    for i, part in enumerate(parts):
        alone, (num_frames,) = prepare(part, lengths[i : i + 1], draws[i : i + 1], WHOLE)
        assert num_frames == lengths_after[i]
        torch.testing.assert_close(together[i, :num_frames], alone[0])
        assert together[i, num_frames:].abs().sum() == 0


def test_a_crop_is_not_enlarged() -> None:
    with pytest.raises(ValueError, match="not grown"):
        Crop(4, 4, 5, 4, (0, 0))
