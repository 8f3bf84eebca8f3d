"""Opening untrusted media: containers, streams, frames and their times; the one home of PyAV.

Belongs here: what is read from a media file or about it, within limits.
May not: know stages or runs, or what the frames are for.
"""
