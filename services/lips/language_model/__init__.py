"""How likely a text is as a text: n-grams of characters, from ARPA files or counted here, for a beam search.

Belongs here: the n-grams, their file, their estimate, and what they add to a score of paths.
May not: read files, or know a network or a data set.
"""
