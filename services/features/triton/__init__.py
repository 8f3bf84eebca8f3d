"""Networks at a Triton server: its client, its model repository, its faults.

Belongs here: all that speaks to Triton; the one home of tritonclient. May not: know clips.
"""
