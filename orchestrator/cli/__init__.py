"""The command line `visemill`: parse, call, print.

Belongs here: one command a module: its flags, the call, and the wording of its answer.
May not: decide what a run does next, or be imported by any other package.
"""
