"""A run on this machine: from its plan to its summary, with worker processes and process groups of ranks.

Belongs here: the backends of the passes of a run, and their processes.
May not: know Kubernetes, decide what comes next, or write outputs; workers do that.
"""
