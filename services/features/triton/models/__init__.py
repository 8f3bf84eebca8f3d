"""Files that run inside a Triton server's python backend, copied into model repositories.

Belongs here: modules that stand alone on numpy and onnxruntime. May not: any import of ours, since no server has it.
"""
