"""File formats of the field: bytes to values and back. Pure.

Belongs here: TFRecord, tf.train.Example, npz, align files, manifests of JSON lines and CSV.
May not: open files, or know a pipeline.
"""
