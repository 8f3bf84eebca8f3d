"""TFRecords of clips: which files hold them, where each record lies, and its frames.

Belongs here: what is the same of any data set that `visemill run` writes as TFRecords.
May not: know what a label means.
"""
