"""The model `hubert`: hidden states of HuBERT large, fine-tuned on LibriSpeech, two for each frame of the pictures.

Belongs here: which files of a user it is made of, its sizes, and how a sound goes through it.
May not: fetch anything, or know what becomes of its vectors.
"""
