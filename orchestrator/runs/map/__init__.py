"""The pass of a run over its shards: what it does next, and the loop that does it over a backend.

Belongs here: the decision, and what is the same for shards here and on a cluster.
May not: start processes, or know a cluster.
"""
