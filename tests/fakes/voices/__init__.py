"""A pipeline of sound whose network takes several clips at once: wav files to vectors of speech, an npz a clip.

Belongs here: its stages (`bands`, `voices`, `voicefiles`) and its pipeline (`voices`).
May not: be imported by anything of ours; tests copy it and add its names to copies of the tables.
"""
