"""RunService: runs for gRPC clients, each in a process of its own.

Belongs here: the servicer, its registry of runs, who may see which, and the client.
May not: execute a run but by the command line.
"""
