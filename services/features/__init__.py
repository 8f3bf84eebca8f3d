"""The stage `features`: a vector for each kept frame by a network, in-process or on Triton.

Belongs here: networks, their weights, runtimes, batches, the stage, and its gRPC service.
May not: decode or sample, or know a data set or a record format.
"""
