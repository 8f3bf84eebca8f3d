"""Runs pipelines over data sets: plan, decide, submit, observe, report.

Belongs here: pipelines, plans, run states, reports, clusters. May not: compute on media. It knows stages by their
specs alone, and what it needs of media it gets by running a service's own command line.
"""
