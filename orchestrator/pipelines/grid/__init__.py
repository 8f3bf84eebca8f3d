"""GRID: its layouts, splits and options.

Belongs here: how a GRID data set is found, split and planned. May not: execute anything.
"""
