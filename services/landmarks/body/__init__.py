"""The stage `keypoints`: 78 points of a signer's body, hands and face in every kept frame.

Belongs here: who is followed, how a missed hand is looked for again, the layout of the points, the stage.
May not: fill gaps, clamp points, or know a data set or a file format.
"""
