"""A run on record: its plan, its claim on an output, its commits, its publication.

Belongs here: what is read and written of a run in the store, the same for every way to execute it.
May not: start processes, or know a cluster.
"""
