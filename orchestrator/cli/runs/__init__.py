"""Commands on runs: pin, run, resume, retry, status, report, reproduce, gc.

Belongs here: one command a module, and the same commands sent to a RunService.
May not: speak to Kubernetes but through `orchestrator.kube`, or decide which shard comes next.
"""
