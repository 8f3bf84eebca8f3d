"""MediaPipe's library and its tasks, as face and body use them.

Belongs here: loading it and calling it. May not: interpret points.
"""
