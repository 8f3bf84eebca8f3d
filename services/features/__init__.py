"""Features: one vector for each kept frame by a network (InceptionV3), in-process or on Triton, behind one seam.

Belongs here: the networks, their weights and their export, the batcher, backends, the stage, its gRPC endpoint, the
model repository of a Triton server. May not: decoding, sampling, anything that knows a data set or a record format.
"""
