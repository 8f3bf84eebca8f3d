"""The stage `headfilm`: features of a sound in; a film of a person who says it out.

Belongs here: the order of a person's frames, the network's input, and how what it paints is put back into the picture.
May not: import torch, make features, or know how a head is trained.
"""
