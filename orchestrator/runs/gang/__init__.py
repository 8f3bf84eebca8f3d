"""The gang passes of a run: what one does next, the loop that does it over a backend, and how a result is published.

Belongs here: the decision, and what is the same for gangs here and on a cluster.
May not: start processes, or know a cluster.
"""
