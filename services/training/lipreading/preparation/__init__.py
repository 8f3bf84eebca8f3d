"""From uint8 pictures as they are stored to what a network is given, on the device of the batch.

Belongs here: grey, crop, flip, brightness, normalisation, speed, masks; and what of these is drawn for a clip, by name.
May not: read files, or draw from a generator whose state anything else moves.
"""
