"""A pipeline with gang passes, from outside the checkout: spectra of wav files, two ranks that train on them, one that
tunes the result.

Belongs here: its recipe (`toytrain`) and its pipeline (`toy`), which stands on `tones`.
May not: be imported by anything of ours; tests copy it and add its names to copies of the tables.
"""
