"""Cuts of dlib's face detector."""

import dlib
import numpy as np
import pytest

from services.landmarks.face.dlib.detector import Detectors, Hit, _State
from services.landmarks.face.dlib.pyramid import Rect


@pytest.fixture(scope="module")
def detectors() -> Detectors:
    return Detectors()


def test_the_state_holds_five_views_and_dlibs_overlap_limits(detectors: Detectors) -> None:
    state = _State(dlib.get_frontal_face_detector().__getstate__()[0])
    assert state.num_views == 5
    assert state.overlap == pytest.approx((0.330, 0.789), abs=1e-3)
    assert (detectors.max_iou, detectors.max_cover) == state.overlap


def test_a_cut_that_leaves_all_in_is_the_state_itself() -> None:
    data = dlib.get_frontal_face_detector().__getstate__()[0]
    one_level = _State(data).cut(1, range(5))
    assert len(one_level) == len(data) - 1
    assert one_level.replace(b"\x01\x01\x01\x40", b"\x02\xe8\x03\x01\x40", 1) == data


def test_a_state_of_another_shape_is_refused() -> None:
    data = dlib.get_frontal_face_detector().__getstate__()[0]
    with pytest.raises(RuntimeError, match="not known here"):
        _State(b"\x01\x01" + data)


@pytest.mark.parametrize("size", [(1, 1), (5, 40), (79, 79), (300, 64)])
def test_images_of_any_size_can_be_searched(detectors: Detectors, size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    for detect in (detectors.full, detectors.three_levels, detectors.one_level(None), detectors.one_level(2)):
        assert detect(image) == []


def test_hits_that_overlap_a_better_one_are_dropped(detectors: Detectors) -> None:
    best = Hit(Rect(100, 100, 200, 200), 2.0, 0)
    inside = Hit(Rect(120, 120, 180, 180), 1.5, 1)
    shifted = Hit(Rect(130, 100, 230, 200), 1.0, 0)
    far = Hit(Rect(300, 100, 400, 200), 0.5, 3)
    assert detectors.distinct([far, shifted, inside, best]) == [best, far]
    assert detectors.distinct([]) == []


def test_small_overlap_is_no_overlap(detectors: Detectors) -> None:
    left, right = Hit(Rect(0, 0, 99, 99), 1.0, 0), Hit(Rect(60, 0, 159, 99), 0.9, 0)
    assert detectors.distinct([right, left]) == [left, right]
