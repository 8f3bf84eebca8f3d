"""The 110 rows of a talking head's landmarks from the points of any detector: which point stands in which row. Pure.

Rows are numbered as the PFLD network of SyncTalk_2D numbers them (topology `pfld-110`). Of WFLW's 98 points: the
contour as it is, the bridge of the nose turned round, brows and eyes by their corners, the mouth in order. Of
MediaPipe's mesh: the vertex that lies in the row's place in the mean face; but the three that a crop is taken from (1,
31 and 52) as they give the crop of PFLD. Rows that a detector has no point for have the nearest one's.
"""

from __future__ import annotations

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array
from services.base.media.points import Landmarks
from services.base.media.topology import MEDIAPIPE_478, PFLD_110, WFLW_98

NUM_ROWS = 110

# fmt: off
_OF_WFLW = (
    *range(33),                                                    # contour
    *range(33, 42), 46, 45, 44, 43, 42, 50, 49, 48, 47,            # brows, each from the outer corner
    54, 53, 52, 51, 64, 54, 55, 55, 56, 57, 58, 59, 59, 54, 68,    # nose
    *range(60, 68), 96, 96, 61, 63,                                # right eye: lids, pupil, iris
    72, 71, 70, 69, 68, 75, 74, 73, 97, 97, 69, 71,                # left eye
    *range(76, 96),                                                # mouth
)
_OF_MESH = (
    162, 127, 234, 234, 93, 132, 132, 58, 58, 172, 136, 150, 149, 176, 176, 148, 152,
    377, 400, 400, 378, 379, 365, 397, 288, 288, 361, 361, 323, 454, 454, 356, 389,
    70, 63, 105, 66, 107, 55, 65, 52, 53, 300, 293, 334, 296, 336, 285, 295, 282, 283,
    4, 51, 6, 168, 189, 198, 129, 98, 97, 2, 326, 327, 358, 420, 413,
    33, 160, 159, 157, 133, 154, 145, 144, 468, 468, 471, 469,
    263, 387, 386, 384, 362, 381, 374, 373, 473, 473, 476, 474,
    61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91, 78, 81, 13, 311, 308, 402, 14, 178,
)
# fmt: on
_POINTS = {PFLD_110: tuple(range(NUM_ROWS)), WFLW_98: _OF_WFLW, MEDIAPIPE_478: _OF_MESH}


def rows_110(landmarks: Landmarks) -> Float32Array:
    """float32 [T, 110, 2], (x, y) px; NaN where the frame has no face.

    Raises BadConfig OTHER_TOPOLOGY for points that the rows cannot be taken from.
    """
    if landmarks.topology not in _POINTS:
        raise BadConfig(
            "OTHER_TOPOLOGY",
            f"points of {landmarks.topology} lack the contour that a talking head's crop is taken from: take a "
            f"detector of {', '.join(sorted(_POINTS))}",
        )
    return landmarks.points_TNC[:, np.array(_POINTS[landmarks.topology])]
