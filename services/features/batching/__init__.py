"""Batches: what is computed together, and how many are on their way at once.

Belongs here: sizes and order of batches.
May not: know a network.
"""
