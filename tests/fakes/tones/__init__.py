"""A pipeline as somebody adds one from outside the checkout: wav files to spectral statistics, an npz a clip.

Belongs here: its stage (`spectrum`) and its pipeline (`tones`).
May not: be imported by anything of ours; tests copy it and add its two names to copies of the two tables.
"""
