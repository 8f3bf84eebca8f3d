"""The worker: shards of a run, clip by clip, each committed once; and single clips without a run.

Belongs here: what a worker process does with a shard or a clip, in terms of the layers below.
May not: decide which shards there are, or which of them it gets.
"""
