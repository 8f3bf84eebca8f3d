"""`python -m services.features.tts.precision`: how many codes another number format changes, on a sample of clips.

Belongs here: decoding a sample, its codes in float32 and in the format that is asked for, and what share is too much.
May not: write anything, or choose a format.
"""
