"""The HTML page about a run. Pure.

Belongs here: known facts to one self-contained page.
May not: read a store, or know a pipeline.
"""
