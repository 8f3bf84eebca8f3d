"""The mean face has 110 points, the right way up."""

import numpy as np

from services.features.frames.mean_face import MEAN_FACE_220


def test_the_mean_face_has_an_x_and_a_y_a_point() -> None:
    mean_NC = np.reshape(MEAN_FACE_220, (110, 2))
    assert mean_NC[1, 0] < mean_NC[52, 0] < mean_NC[31, 0]
    assert mean_NC[54, 1] < mean_NC[51, 1] < mean_NC[90:110, 1].min()
