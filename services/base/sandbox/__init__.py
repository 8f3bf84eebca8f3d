"""A child process that a clip may kill, and the supervisor that outlives it.

Belongs here: processes, the protocol between them, limits on a clip, failure attribution.
May not: compute on media in the supervisor, serve, or know a store.
"""
