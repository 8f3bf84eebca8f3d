"""A Chinese-LiPS data set as it lies on a disk or in a bucket: its tables, where the video of a row lies, its licence.

Belongs here: tables and names of the data set, an index of its videos, their frames, its clips as batches.
May not: hold a network or the plan of an epoch, or know how texts become ids.
"""
