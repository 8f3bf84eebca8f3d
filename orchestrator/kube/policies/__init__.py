"""Decisions about a run on a cluster, one policy a module. Pure.

Belongs here: functions from observed values to what should happen, each with its table test.
May not: ask the cluster, the store or the clock.
"""
