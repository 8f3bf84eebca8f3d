"""From a data set to a plan: list it, ask the stages for their fingerprints, make the plan.

Belongs here: what has to be read before a run begins, with errors turned into findings about single clips.
May not: start workers, or write outputs.
"""
