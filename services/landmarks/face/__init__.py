"""Points of faces: one backend a module or package.

Belongs here: what finds and follows a face. May not: know stages or servers.
"""
