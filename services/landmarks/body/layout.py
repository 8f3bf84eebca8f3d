"""The numbering of the 78 points: 25 of the body, 21 of each hand (the person's own left and right), 11 of the face.

Source of the order: the FSL-105 preprocessing that the field's trainers read (pose, left hand, right hand, face).
"""

from __future__ import annotations

LAYOUT = "fsl-78"
NUM_POINTS = 78

NUM_POSE_POINTS, NUM_HAND_POINTS = 25, 21
POSE = slice(0, NUM_POSE_POINTS)
LEFT_HAND = slice(POSE.stop, POSE.stop + NUM_HAND_POINTS)
RIGHT_HAND = slice(LEFT_HAND.stop, LEFT_HAND.stop + NUM_HAND_POINTS)
FACE = slice(RIGHT_HAND.stop, NUM_POINTS)

# Nose tip, outer eye corners, inner ones, mouth corners, brows, chin, nose, as MediaPipe's face mesh numbers them.
FACE_MESH_INDICES = (1, 33, 263, 133, 362, 61, 291, 105, 334, 199, 4)

LEFT_SHOULDER, RIGHT_SHOULDER = 11, 12
NUM_HEAD_POINTS = 11
