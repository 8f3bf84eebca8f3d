"""Which of the 78 points is where, and how many numbers a frame has. Constants."""

from __future__ import annotations

NUM_KEYPOINTS = 78
NUM_COORDINATES = 2 * NUM_KEYPOINTS
NUM_FEATURES = 2048
ORDER = "pose25,left_hand21,right_hand21,face11"
POSE, LEFT_HAND, RIGHT_HAND, FACE = slice(0, 25), slice(25, 46), slice(46, 67), slice(67, 78)
POSE_INDICES = tuple(range(25))
# Of MediaPipe's face mesh: nose tip, outer and inner eyes, mouth corners, brows, chin, nose.
FACE_INDICES = (1, 33, 263, 133, 362, 61, 291, 105, 334, 199, 4)
