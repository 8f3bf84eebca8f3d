"""What any process of ours needs: settings, cgroup limits, logs, metrics, retries.

Belongs here: what is the same for a worker, a server and the command line.
May not: know clips, stages or stores: it stands on errors alone.
"""
