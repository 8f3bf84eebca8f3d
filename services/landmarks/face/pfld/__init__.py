"""98 or 110 points by PFLD: a detector of faces (SCRFD), the network of points, and one face followed between searches.

Belongs here: whatever SCRFD and PFLD need, and which face of a frame is the clip's.
May not: be imported but by the backend that a config asks for.
"""
