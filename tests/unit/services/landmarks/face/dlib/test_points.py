"""Opening the backend, and the rectangles that quality mode averages over."""

from pathlib import Path

import dlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadConfig
from services.landmarks.face.dlib.points import jittered_rects, open_dlib68
from services.landmarks.face.dlib.pyramid import Rect


def test_a_missing_predictor_is_bad_config_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="--dlib-predictor") as caught:
        open_dlib68(tmp_path / "none.dat", "tracked")
    assert caught.value.reason == "DLIB_PREDICTOR_MISSING"


@pytest.mark.parametrize("content", [b"", b"not a model", bytes(range(256)) * 64])
def test_a_file_that_is_no_predictor_is_bad_config(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.dat"
    path.write_bytes(content)
    with pytest.raises(BadConfig, match="is not a dlib shape predictor") as caught:
        open_dlib68(path, "per-frame")
    assert caught.value.reason == "BAD_PREDICTOR"


def test_a_predictor_of_other_points_is_bad_config(tmp_path: Path) -> None:
    path = tmp_path / "five.dat"
    five_point_predictor().save(str(path))
    with pytest.raises(BadConfig, match="predicts 5 points, not 68"):
        open_dlib68(path, "tracked")


@pytest.mark.parametrize("num_jitters", [0, -1, 65])
def test_jitters_out_of_range_are_bad_config(tmp_path: Path, num_jitters: int) -> None:
    with pytest.raises(BadConfig, match="num_jitters"):
        open_dlib68(tmp_path / "any.dat", "tracked", num_jitters)


def test_an_unknown_mode_is_bad_config(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="tracked, per-frame"):
        open_dlib68(tmp_path / "any.dat", "fast")  # type: ignore[arg-type]


@given(st.integers(-50, 2000), st.integers(-50, 2000), st.integers(20, 1500), st.integers(1, 64))
def test_jittered_rects_stay_about_the_first_one(left: int, top: int, side: int, num_rects: int) -> None:
    rect = Rect(left, top, left + side - 1, top + side - 1)
    rects = jittered_rects(rect, num_rects)
    assert rects[0] == rect and len(rects) == num_rects
    assert rects == jittered_rects(rect, 64)[:num_rects]
    furthest = 0.04 * side + 2
    for other in rects:
        edges = zip(
            (other.left, other.top, other.right, other.bottom), (left, top, rect.right, rect.bottom), strict=True
        )
        assert all(abs(a - b) <= furthest for a, b in edges)


def test_jittered_rects_of_a_usual_face_differ() -> None:
    assert len(set(jittered_rects(Rect(100, 100, 208, 208), 27))) >= 25


def five_point_predictor() -> dlib.shape_predictor:
    """Trained on noise for as long as it takes to be saved."""
    image = np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)
    box = dlib.rectangle(5, 5, 54, 54)
    shape = dlib.full_object_detection(box, [dlib.point(10 + 8 * i, 20 + 4 * i) for i in range(5)])
    options = dlib.shape_predictor_training_options()
    options.cascade_depth, options.num_trees_per_cascade_level, options.oversampling_amount = 1, 2, 2
    options.tree_depth, options.feature_pool_size, options.num_test_splits = 1, 8, 2
    return dlib.train_shape_predictor([image] * 2, [[shape]] * 2, options)
