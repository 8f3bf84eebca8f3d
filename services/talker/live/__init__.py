"""Talking heads while the sound comes: samples in pieces in, pictures and films in pieces out.

Belongs here: the order of sound and pictures in time, limits on what comes, and the server of it.
May not: hold a whole sound, or make features but by their stage's name.
"""
