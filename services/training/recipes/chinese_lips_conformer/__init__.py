"""The recipe `chinese-lips-conformer`: a lipreader of Mandarin by joint CTC and attention, from Chinese-LiPS.

Belongs here: its settings, what its pieces are, how a batch becomes a loss and texts.
May not: know how videos are found and read, or how steps are taken.
"""
