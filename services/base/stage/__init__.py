"""What a stage is, and how one clip passes through stages. Pure.

Belongs here: the contract between stages and whoever runs them. May not: open a store, a socket or a process.
"""
