"""Networks over frames: InceptionV3 and what it is made of.

Belongs here: layers and pre-processing. May not: choose a device or a runtime.
"""
