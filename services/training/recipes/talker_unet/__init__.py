"""The recipe talker-unet: a mouth that is painted for a sound.

Belongs here: its settings, and the pieces that they make.
May not: hold a loop, or a network.
"""
