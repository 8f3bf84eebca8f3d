"""What runs a network in-process: torch, onnxruntime; export from one to the other; weights.

Belongs here: devices, sessions, weights by digest. May not: know clips.
"""
