"""The numbering of the 78 points: 25 of the body, 21 of each hand (the person's own left and right), 11 of the face.

Source of the order: the FSL-105 preprocessing that the field's trainers read (pose, left hand, right hand, face).
"""

from __future__ import annotations

LAYOUT = "fsl-78"
NUM_POINTS = 78

NUM_POSE_POINTS, NUM_HAND_POINTS = 25, 21
POSE = slice(0, 25)
LEFT_HAND = slice(25, 46)
RIGHT_HAND = slice(46, 67)
FACE = slice(67, 78)
GROUPS: dict[str, slice] = {"pose": POSE, "left_hand": LEFT_HAND, "right_hand": RIGHT_HAND, "face": FACE}

# Nose tip, outer eye corners, inner ones, mouth corners, brows, chin, nose, as MediaPipe's face mesh numbers them.
FACE_MESH_INDICES = (1, 33, 263, 133, 362, 61, 291, 105, 334, 199, 4)

NOSE, LEFT_SHOULDER, RIGHT_SHOULDER = 0, 11, 12
NUM_HEAD_POINTS = 11

POSE_BONES = (
    *((11, 12), (11, 23), (12, 24), (23, 24), (11, 13), (13, 15), (12, 14), (14, 16)),
    *((15, 17), (15, 19), (15, 21), (17, 19), (16, 18), (16, 20), (16, 22), (18, 20)),
    *((0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (9, 10)),
)
HAND_BONES = (
    *((0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (5, 6), (6, 7), (7, 8), (5, 9), (9, 10), (10, 11), (11, 12)),
    *((9, 13), (13, 14), (14, 15), (15, 16), (13, 17), (0, 17), (17, 18), (18, 19), (19, 20)),
)
