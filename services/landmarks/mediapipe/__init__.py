"""MediaPipe's library and its tasks, as face and body use them.

Belongs here: loading the library and calling it.
May not: interpret the points.
"""
