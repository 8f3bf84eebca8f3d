"""RunService: runs on behalf of gRPC clients.

Belongs here: the servicer, its registry, who may do what, and its client. May not: carry out a run
but by the command line.
"""
