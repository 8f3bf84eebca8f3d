"""Points of faces: one backend a module or package.

Belongs here: what finds and follows a face in frames.
May not: know stages, servers, or where model files lie.
"""
