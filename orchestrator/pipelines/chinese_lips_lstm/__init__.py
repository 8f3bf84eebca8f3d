"""The pipeline `chinese-lips-lstm`: a lipreader that learns from a Chinese-LiPS data set.

Belongs here: its options, its files, its commands.
May not: execute anything, or know another pipeline.
"""
