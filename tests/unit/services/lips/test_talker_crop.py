"""The square that a talking head learns: the original's inside the picture, with a repeated border beyond it."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.base.errors import BadInput
from services.formats.png import png_of_photograph
from services.formats.talker.landmark_pickle import encode_landmarks
from services.lips.talker_crop import CROP_PX, CropBox, box_of, crop


def points(left: int, right: int, top: int, num: int = 110) -> np.ndarray:
    points_NC = np.zeros((num, 2), np.float32)
    points_NC[1, 0], points_NC[31, 0] = left, right
    points_NC[{110: 52, 98: 53}[num], 1] = top
    return points_NC


def picture(height_px: int = 240, width_px: int = 320) -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)
    return cv2.resize(coarse, (width_px, height_px), interpolation=cv2.INTER_CUBIC)


def original_crop(tree: Path, number: int) -> np.ndarray:
    """The steps of the original's data set, on files; BGR, as it has them."""
    img = cv2.imread(str(tree / "full_body_img" / f"{number:06d}.png"))
    lms = pickle.loads((tree / "landmarks" / f"{number:06d}.pkl").read_bytes())
    xmin = lms[1][0]
    ymin = lms[52][1]
    xmax = lms[31][0]
    width = xmax - xmin
    ymax = ymin + width
    crop_img = img[ymin:ymax, xmin:xmax]
    # It passes its cubic filter in the place of the output.
    return cv2.resize(crop_img, (328, 328))


@pytest.mark.parametrize(("left", "right", "top"), [(60, 230, 40), (0, 240, 0), (100, 101, 50), (31, 198, 73)])
def test_inside_the_picture_it_is_what_the_original_cuts_from_our_files(tmp_path: Path, left, right, top) -> None:
    frame_HWC, points_NC = picture(), points(left, right, top)
    for folder, name, data in (
        ("full_body_img", "000000.png", png_of_photograph(frame_HWC)),
        ("landmarks", "000000.pkl", encode_landmarks(points_NC.astype(np.int32))),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(data)
    found_HWC = crop(frame_HWC, box_of(points_NC))
    assert found_HWC.shape == (CROP_PX, CROP_PX, 3)
    np.testing.assert_array_equal(found_HWC[..., ::-1], original_crop(tmp_path, 0))


def test_points_are_cut_off_to_whole_pixels_and_98_of_them_will_do() -> None:
    assert box_of(points(10, 90, 30) + np.float32(0.9)) == CropBox(10, 30, 80)
    assert box_of(points(10, 90, 30, 98)) == CropBox(10, 30, 80)


@pytest.mark.parametrize("box", [CropBox(-40, 60, 200), CropBox(200, 150, 200), CropBox(-30, -20, 400)])
def test_beyond_the_picture_its_border_is_repeated(box: CropBox) -> None:
    frame_HWC = picture()
    y = np.clip(np.arange(box.top_px, box.top_px + box.side_px), 0, 239)
    x = np.clip(np.arange(box.left_px, box.left_px + box.side_px), 0, 319)
    np.testing.assert_array_equal(crop(frame_HWC, box, box.side_px), frame_HWC[np.ix_(y, x)])


@pytest.mark.parametrize(
    ("box", "share"),
    [
        (CropBox(0, 0, 240), 0.0),
        (CropBox(-100, 0, 200), 0.5),
        (CropBox(220, 140, 200), 0.75),
        (CropBox(900, 0, 100), 1.0),
    ],
)
def test_the_share_beyond_the_picture_is_of_the_area(box: CropBox, share: float) -> None:
    assert box.outside_share(320, 240) == pytest.approx(share)


@pytest.mark.parametrize("box", [CropBox(320, 0, 100), CropBox(0, -100, 100), CropBox(-500, -500, 1000)])
def test_landmarks_of_pictures_of_another_size_are_told(box: CropBox) -> None:
    with pytest.raises(BadInput, match=r"OTHER_PICTURES.*320x240"):
        crop(picture(), box)


def test_a_face_the_other_way_round_has_no_crop() -> None:
    with pytest.raises(BadInput, match=r"NO_CROP.*upside down"):
        box_of(points(90, 10, 30))
    with pytest.raises(ValueError, match="1 px or more"):
        CropBox(0, 0, 0)
    with pytest.raises(ValueError, match="110 points, or 98, not 68"):
        box_of(np.zeros((68, 2), np.float32))
