"""The pipeline `talker-unet`: a training on persons' folders that are there.

Belongs here: its options, and which files it reads.
May not: import torch, or know the network.
"""
