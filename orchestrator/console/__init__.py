"""Text that people read: progress.

Belongs here: formatting for a terminal that every layer above may use.
May not: know runs, pipelines or clusters.
"""
