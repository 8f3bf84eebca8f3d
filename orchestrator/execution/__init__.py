"""A run on this machine: local worker processes, fed and watched until every shard is done.

Belongs here: the pure decision what to do next, the loop around it, and the worker processes.
May not: know Kubernetes, or write outputs; workers do that.
"""
