"""Files that run inside a Triton server's python backend, copied into model repositories.

Belongs here: modules that stand alone on numpy and onnxruntime.
May not: import anything of ours: no Triton server has it.
"""
