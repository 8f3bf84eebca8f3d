"""Who holds an output and who begins a run: claims, leases, joining.

Belongs here: what keeps two runs off one output. May not: know what a run computes.
"""
