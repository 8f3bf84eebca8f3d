"""Keypoints: 78 points of a signer's body, hands and face in every kept frame, by MediaPipe's Tasks API.

Belongs here: the layout of the points, who is followed when several are seen, how a hand that was missed is looked for
again, where the model files lie, the stage, drawing points on a frame. May not: decoding, sampling, filling gaps,
clamping, anything that knows a file format or a data set.
"""
