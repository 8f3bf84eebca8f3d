"""GRID records: mouth crops, labels and quality of a clip as a tf.train.Example.

Belongs here: what the GRID pipeline's last stage writes. May not: read data sets.
"""
