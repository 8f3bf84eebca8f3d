"""The command line: parse, call, print.

Belongs here: one command a module, its flags and the wording of its answer. May not: decide what a run does.
"""
