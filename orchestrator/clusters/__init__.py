"""Where shards run. One module a kind of cluster; each starts the same `work` argv.

Belongs here: starting, watching and ending workers. May not: decide anything (orchestrator/decide.py does).
"""
