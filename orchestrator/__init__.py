"""Runs pipelines over data sets: plans, starts workers, observes them, publishes, reports.

Belongs here: pipelines, plans, the record of runs, clusters, the command line and the RunService.
May not: compute on media; it knows stages by their specs, and gets what it needs of media by starting `python -m
services`.
"""
