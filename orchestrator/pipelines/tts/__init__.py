"""The pipeline `tts`: clips that a manifest names to text ids, semantic codes, conditions and emotion vectors.

Belongs here: how a manifest is read, split and planned, the tools for its manifests, and what a finished run writes.
May not: execute anything, decode media, or compute on text or sound.
"""
