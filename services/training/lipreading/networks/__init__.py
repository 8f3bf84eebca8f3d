"""Networks over mouth clips of different lengths, padded into one batch.

Belongs here: modules whose answer for a clip is the same whatever it is padded with.
May not: know where clips come from, draw augmentation, or compute a loss.
"""
