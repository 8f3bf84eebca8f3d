"""Files of the sign pipeline: npz, parquet and label tables, their rules, how two agree. Pure.

Belongs here: values to bytes and back, and what they must hold.
May not: see pictures, or open files.
"""
