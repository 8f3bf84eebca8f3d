"""Frames, landmarks and an alignment in; one TFRecord example a clip out.

Belongs here: mouth windows, labels, alignments, the record's bytes and their reader, quality facts about a clip.
May not: decode media, find faces, know where files lie, or import TensorFlow.
"""
