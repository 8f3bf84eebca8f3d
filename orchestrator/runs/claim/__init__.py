"""Which run an output belongs to, and who works on it: claims, pins, leases.

Belongs here: what keeps two runs off one output, and two processes off one run.
May not: know what a run computes.
"""
