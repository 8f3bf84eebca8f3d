"""Files of the sign pipeline: npz, parquet, labels; what they must hold, and how two agree. Pure.

Belongs here: values to bytes and back. May not: see pictures.
"""
