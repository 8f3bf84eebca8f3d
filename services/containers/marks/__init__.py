"""What a film says of itself: in its metadata, under a signature (C2PA), and in its pictures.

Belongs here: how a mark is put into a film, and read back. The one home of c2pa.
May not: decide what a mark says.
"""
