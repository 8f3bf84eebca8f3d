"""A gang pass of a run: what it does next, the loop that does it over a backend, and how far it is.

Belongs here: the decision, and what is the same for gangs here and on a cluster.
May not: start processes, or know a cluster.
"""
