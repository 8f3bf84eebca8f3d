"""The loop of a training: steps over the ranks of a gang, from a plan, to a result.

Belongs here: what is the same whatever is learnt: ranks, precision, statistics, memory, logs.
May not: know a data set, a network or a recipe.
"""
