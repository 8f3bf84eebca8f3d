"""A child process that a clip may kill, and the supervisor that outlives it.

Belongs here: processes, the protocol between them, limits and who is to blame. May not: compute on media or serve.
"""
