"""The stage `text`: the text of a clip in, cleaned and normalised; ids of a SentencePiece model out.

Belongs here: rules of languages and scripts, normalisation, and the one home of sentencepiece and wetext.
May not: know sound, a data set's files, or what trains on the ids.
"""
