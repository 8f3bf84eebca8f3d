"""The stage `lipreading`: a clip's frames and face points in, what the mouth said out, by a bundle on onnxruntime.

Belongs here: a bundle on disk, a clip through it.
May not: import torch, decode media, find points, know a data set or a record format.
"""
