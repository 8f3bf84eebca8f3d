"""Keypoints and features of sign clips in; one npz a clip out, with a parquet table beside it, and labels.csv.

Belongs here: the 156 floats a frame and their mask, filling of gaps, occlusion, the files' exact keys, their validator.
May not: decode media, find points, compute features, or know where files lie.
"""
