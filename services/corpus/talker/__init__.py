"""The speaker of the demo corpus for talking heads.

Belongs here: what he says and when, and his film.
May not: draw; services/corpus/drawing does.
"""
