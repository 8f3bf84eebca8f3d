"""Opening the sound of untrusted media: samples with exact times, mixed down and resampled, in bounded memory.

Belongs here: choosing a stream, times, gaps, channels, sample rates.
May not: know what the samples are for.
"""
