"""Text that people read and type: progress, quantities, flags and the argv that gives them.

Belongs here: formatting for a terminal that every layer above may use.
May not: know runs, pipelines or clusters.
"""
