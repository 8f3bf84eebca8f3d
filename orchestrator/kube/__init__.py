"""A run on a cluster.

Belongs here: Jobs, what is observed of them, and what follows; the one home of the Kubernetes client. May not: know
local workers.
"""
