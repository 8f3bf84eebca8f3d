"""From scores of classes over time to text. Pure.

Belongs here: greedy and beam search over CTC.
May not: run a network.
"""
