"""A run on record: its plan, who holds it, its commits, what is published.

Belongs here: what is read and written of a run in the store. May not: start processes or know a cluster.
"""
