"""Commits of a run: observed, read, summed up, reset.

Belongs here: what shards have left in the store. May not: publish.
"""
