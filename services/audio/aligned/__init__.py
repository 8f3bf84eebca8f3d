"""The stage `sound`: a clip's frames and its waveform in; the sound that begins and ends with its pictures out.

Belongs here: where the pictures lie in the sound, what is cut and what is padded.
May not: decode, resample, write files, or know who is driven by the sound.
"""
