"""What a finished run of GRID writes beside its records.

Belongs here: tables about the clips, made from what their stage told of them.
May not: read the data set, or touch records.
"""
