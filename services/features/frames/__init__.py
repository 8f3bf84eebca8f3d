"""Networks over frames: InceptionV3 and what it is made of.

Belongs here: layers and their pre-processing.
May not: choose a device or a runtime, or look for weights.
"""
