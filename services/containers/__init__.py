"""Opening untrusted media: containers, streams, frames and their times. The one home of PyAV.

Belongs here: what is read from a file or about it. May not: know stages, runs or what the frames are for.
"""
