"""68 points by dlib: a detector over a pyramid, tracking between detections, the predictor.

Belongs here: whatever calls dlib.
May not: be imported but by the backend that a config asks for.
"""
