"""The report of a run as a page. Pure.

Belongs here: findings to HTML. May not: read them.
"""
