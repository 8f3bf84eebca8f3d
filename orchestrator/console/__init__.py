"""Text that people read: progress and quantities.

Belongs here: formatting for a terminal that every layer above may use.
May not: know runs, pipelines or clusters.
"""
