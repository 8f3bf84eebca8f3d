"""Networks on a Triton server: its client, its model repository, what its errors mean.

Belongs here: all that speaks to Triton or is written for it; the one home of tritonclient.
May not: know clips.
"""
