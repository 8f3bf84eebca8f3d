"""A pipeline of a manifest, as somebody adds one: each line names speech and what is said, an npz a clip.

Belongs here: its stage (`spoken`) and its pipeline, which stand on those of `tones`.
May not: be imported by anything of ours; tests copy it and add its two names to copies of the two tables.
"""
