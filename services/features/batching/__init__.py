"""Batches of frames, and several on their way at once.

Belongs here: what is sent together and in which order. May not: know networks.
"""
