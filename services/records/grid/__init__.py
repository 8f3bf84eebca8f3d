"""The stage `records`: a GRID clip's mouth crops, labels and quality facts as one tf.train.Example.

Belongs here: mouth windows, labels, quality facts, the record and its shard's files.
May not: list a data set, or choose a split.
"""
