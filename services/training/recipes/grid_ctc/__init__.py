"""The recipe `grid-ctc`: a lipreader of GRID's sentences by CTC, from the records of a run.

Belongs here: its settings, its pieces, its test.
May not: know how records are read, or how steps are taken.
"""
