"""The demo corpus: talking heads and a signer, drawn and encoded, with their labels.

Belongs here: what makes a corpus from nothing. May not: be needed by a run.
"""
