"""Commands about runs: run, resume, retry, status, report, gc.

Belongs here: one command a module. May not: speak to Kubernetes itself.
"""
