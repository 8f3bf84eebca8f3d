"""The store in a local folder.

Belongs here: paths, links, fsync, rename, and what a disk's errors mean.
May not: be imported but by `store.open` and by leases.
"""
