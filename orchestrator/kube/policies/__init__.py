"""What to do about a cluster's state, one policy a module. Pure.

Belongs here: a decision from values. May not: ask the cluster or the clock.
"""
