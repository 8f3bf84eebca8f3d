"""The pictures of the demo corpus, part by part.

Belongs here: what is painted.
May not: encode, or write files.
"""
