"""RunService and TrainingService: runs for gRPC clients, each in a process of its own.

Belongs here: the servicers, their registry of runs, who may see which, and the client.
May not: execute a run but by the command line.
"""
