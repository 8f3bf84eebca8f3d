"""Landmarks: the points of a clip's largest face, by MediaPipe (478) or dlib (68), behind one seam.

Belongs here: backends, where their model files lie, the stage, its gRPC endpoint. May not: decoding, cropping, anything
that knows a data set or a record format.
"""
