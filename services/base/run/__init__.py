"""The record of a run in the store: its plan, its clips, its commits, and where they lie. Pure.

Belongs here: values and names, to and from bytes. May not: read or write them.
"""
