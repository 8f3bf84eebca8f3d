"""The record of a run as values: its spec, the list of its clips, its commits, and their names in the store. Pure.

Belongs here: values to bytes and back, and the names under which they lie.
May not: read or write a store.
"""
