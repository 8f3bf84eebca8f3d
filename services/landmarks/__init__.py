"""The stage `landmarks`: points of a clip's largest face, by MediaPipe (478) or dlib (68).

Belongs here: model files, their downloads, the stage, and its gRPC service.
May not: decode or crop, or know a data set or a record format.
"""
