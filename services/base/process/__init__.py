"""What any process needs: settings, cgroup, log, metrics, retries. Stands on errors alone.

Belongs here: what is the same for every process. May not: know clips, stages or stores.
"""
