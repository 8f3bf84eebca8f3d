"""The pipeline `sign`: sign video to npz and parquet files of keypoints and features, with labels.

Belongs here: how sign videos are found, labelled and planned, and what a finished run writes last.
May not: execute anything, or decode media.
"""
