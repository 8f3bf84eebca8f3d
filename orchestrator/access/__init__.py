"""What a caller may name when a server runs something for them: requests, allowed roots, files and servers. Pure.

Belongs here: the request for a run, the command line that it becomes, and the rules that refuse it.
May not: open what is named, or know how a run is executed.
"""
