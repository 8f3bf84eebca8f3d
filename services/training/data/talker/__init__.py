"""Folders of persons as data that talking heads learn from: crops in a file that is mapped, and windows of sound.

Belongs here: reading, and what may be learnt from or held out.
May not: compute with a network.
"""
