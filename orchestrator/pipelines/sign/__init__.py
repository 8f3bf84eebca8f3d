"""Sign video: its files, labels and options.

Belongs here: how sign data sets are found, labelled and planned. May not: execute anything.
"""
