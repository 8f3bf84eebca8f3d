"""What a training reads: an index of the clips that a run has made, and any of them as a batch, by threads.

Belongs here: sets of TFRecords and their index, reading from a disk or a bucket, splits, words, labels.
May not: hold a network or the plan of an epoch, or know how a record is made.
"""
