"""What runs a network in-process: torch, onnxruntime, the export from one to the other, weights.

Belongs here: devices, sessions, files of weights by their digest.
May not: know clips.
"""
