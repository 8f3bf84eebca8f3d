"""Networks on a Triton server: its client, its model repository, what its errors mean.

Belongs here: all that speaks to Triton or is written for it, whatever a network computes; the one home of tritonclient.
May not: know clips, or any one network.
"""
