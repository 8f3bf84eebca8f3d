"""Encoded video in, RGB frames with exact times out; each frame is decoded once.

Belongs here: opening media safely, caps, rotation, times, what the decoder had to say.
May not: know what the frames are for, look at their content, or keep anything of a clip after it.
"""
