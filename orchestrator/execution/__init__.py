"""A run on this machine.

Belongs here: local workers, and the pure decision what to do next. May not: know Kubernetes.
"""
