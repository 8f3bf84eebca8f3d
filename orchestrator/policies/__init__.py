"""What a run on a cluster does, one policy a file: pure functions of what was observed.

Belongs here: one question each, with a table of cases as its test. May not: speak to a cluster or a store, or look at a
clock.
"""
