"""Networks over waveforms.

Belongs here: encoders of speech. May not: choose a device or a runtime.
"""
