"""A gang pass of a run: what it does next, and the loop that does it.

Belongs here: the decision, and the loop over a backend, the same here and on Kubernetes. May not: start a process.
"""
