"""The pipeline `grid-ctc`: a lipreader that learns from the TFRecords of a run of grid.

Belongs here: what a user may choose, and how the records are found.
May not: train, or import torch.
"""
