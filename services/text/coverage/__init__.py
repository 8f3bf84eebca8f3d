"""`python -m services.text.coverage`: what of a data set's texts a tokenizer does not know.

Belongs here: counting characters of all texts, and unknown tokens of a sample.
May not: write anything, or decide what share is too much.
"""
