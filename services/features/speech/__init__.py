"""Networks over sequences, such as a waveform's.

Belongs here: encoders and their pre-processing.
May not: choose a device or a runtime, or look for weights.
"""
