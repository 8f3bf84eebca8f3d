"""The record of a lipreader's clip: grey mouths at one rate, with what is said.

Belongs here: how frames and a face become a record, and what a record of a shard holds.
May not: know where the data set's tables lie.
"""
