"""What may be named on behalf of somebody else: requests, allowed roots, files and servers. Pure.

Belongs here: the request for a run, and what refuses it. May not: open what is named.
"""
