"""`python -m services.text.extend`: a tokenizer with more pieces.

Belongs here: learning pieces from texts, and SentencePiece model files as messages.
May not: change ids of a base model, or know what trains on the ids.
"""
