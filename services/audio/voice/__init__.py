"""The stage `voice`: a waveform in; the sound that a talking head's pictures will have out.

Belongs here: how many pictures a sound alone is for.
May not: decode, resample, write files, or know who is driven by the sound.
"""
