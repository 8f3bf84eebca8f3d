"""Heads on a Triton server: how they get there, and what asks for them.

Belongs here: a head's network as a model of a repository, and as painting by requests.
May not: know sounds, persons, or calls.
"""
