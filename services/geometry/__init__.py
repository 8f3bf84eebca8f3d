"""Geometry of points: tracks through a clip, windows of a mouth or a face. Pure.

Belongs here: functions on coordinates that several services share.
May not: read media, or load models.
"""
