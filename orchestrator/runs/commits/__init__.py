"""Commits of shards: listed, read, summed up, removed.

Belongs here: what finished shards have left in the store, in memory that does not grow with the clips.
May not: publish, or write a commit; workers do that.
"""
