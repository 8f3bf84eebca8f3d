"""Commands on data sets: plan, count, inspect, verify, demo-corpus.

Belongs here: one command a module, and what it reads for its answer.
May not: execute a run.
"""
