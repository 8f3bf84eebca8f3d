"""A clip that is made again agrees with its npz: features of a server within a tolerance, every other field exactly."""

import numpy as np
import pytest

from services.records.sign.files.agreement import deviation, disagreements
from services.records.sign.files.npz import encode_npz

X2048 = np.random.default_rng(7).random((3, 2048), np.float32)
MASK = np.ones((3, 78), bool)
META = {"video": "a.mp4", "iv3_model": "inception_v3"}
NEAR = {"X2048": 1e-4}


def npz(x=X2048, mask=MASK, **meta):
    return encode_npz({"X2048": x, "mask": mask}, {**META, **meta})


def test_features_within_the_tolerance_agree_and_their_deviation_is_told():
    moved = X2048.copy()
    moved[1, 7] += np.float32(5e-5 * X2048.std())
    problems, deviations = disagreements(npz(), npz(moved), NEAR)
    assert problems == ()
    assert deviations == {"X2048": pytest.approx(5e-5, rel=0.02)}


def test_features_beyond_the_tolerance_are_named_with_the_largest_deviation_and_where_it_is():
    moved = X2048.copy()
    moved[1, 7] += np.float32(0.5 * X2048.std())
    problems, deviations = disagreements(npz(), npz(moved), NEAR)
    assert len(problems) == 1
    assert problems[0].startswith("X2048: differs by up to 0.5 of its standard deviation (X2048[1, 7] ")
    assert deviations == {"X2048": pytest.approx(0.5, rel=0.01)}


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (npz(mask=~MASK), "mask: differs (mask[0, 0] True and False); it must be equal"),
        (npz(video="b.mp4"), "meta video: 'a.mp4' in the output, 'b.mp4' when it is made again"),
        (npz(X2048[:2]), "X2048: float32 [3, 2048] in the output, float32 [2, 2048] when it is made again"),
        (npz(X2048.astype(np.float64)), "X2048: float32 [3, 2048] in the output, float64 [3, 2048]"),
        (encode_npz({"X2048": X2048}, META), "mask: only in the output"),
        (npz(np.where(X2048[2, 3] == X2048, np.float32("nan"), X2048)), "X2048: differs by up to inf"),
    ],
)
def test_every_other_difference_is_named_by_its_field(other, says):
    (problem,), _ = disagreements(npz(), other, NEAR)
    assert problem.startswith(says)


def test_batches_that_a_server_broke_say_nothing_of_the_clip():
    assert disagreements(npz(), npz(iv3_split_batches=2), NEAR) == ((), {"X2048": 0.0})


def test_a_field_of_equal_values_has_no_deviation_to_differ_by():
    same = np.ones(4, np.float32)
    assert deviation(same, same) == 0.0
    assert deviation(same, same + np.float32(1e-6)) == float("inf")
