"""Commands about data sets: plan, count, inspect, verify, the demo corpus.

Belongs here: one command a module. May not: carry out a run.
"""
