"""The pipeline `talker`: videos of one person each to the folders that a talking head is trained on.

Belongs here: its options, the lists that name videos, and the state files that other trainers read.
May not: decode, find faces, or compute features: the stages do.
"""
