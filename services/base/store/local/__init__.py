"""A store in a local folder.

Belongs here: paths, links, fsync and rename. May not: be imported but by `store.open` and by leases.
"""
