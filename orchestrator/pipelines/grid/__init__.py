"""The pipeline `grid`: GRID clips to TFRecords of mouth crops and labels.

Belongs here: how copies of GRID are laid out, found, split and planned, and what a finished run writes last.
May not: execute anything, or decode media.
"""
