"""What a stage is, and how one clip passes through the stages. Pure.

Belongs here: the contract between stages and whoever runs them: spec, config, streams, artifacts, products.
May not: open a store, a socket or a process.
"""
