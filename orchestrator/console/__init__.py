"""What people read and type: progress, quantities, flags as words.

Belongs here: text for a terminal. May not: know runs.
"""
