"""The recipe talker-syncnet: which sound belongs to a mouth.

Belongs here: its settings, and the pieces that they make.
May not: hold a loop, or a network.
"""
