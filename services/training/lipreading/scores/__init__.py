"""How good hypotheses are beside references. Pure.

Belongs here: error counts and rates, their intervals, tables, normalisation of text, what a score is compared with.
May not: decode, read files, or print.
"""
