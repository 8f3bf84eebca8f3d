"""Reading lips: clips of a mouth in, text out.

Belongs here: networks, what a batch goes through on its device, losses, decoding, scores, which stretches come first.
May not: read files, know a data set's layout, or hold the loop of a training.
"""
