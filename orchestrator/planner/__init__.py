"""From a data set to a plan: list, describe, plan.

Belongs here: what has to be known before a run begins. May not: write anything.
"""
