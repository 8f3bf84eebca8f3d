"""The work loop: shards of a run, clip by clip, each committed once.

Belongs here: what a worker process does with a shard or a single clip. May not: decide which shards there are.
"""
