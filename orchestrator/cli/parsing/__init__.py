"""How a command line is parsed and its help laid out: usage, groups of flags, units, usage errors.

Belongs here: what holds for every command.
May not: know what a command does.
"""
