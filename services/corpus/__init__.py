"""The demo corpus: talking heads, a signer, and voices in four scripts, drawn and encoded, with their labels.

Belongs here: what makes a data set from nothing but a seed.
May not: be needed by a run.
"""
