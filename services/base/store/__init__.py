"""Where bytes lie: one interface over a local folder and S3.

Belongs here: atomic reads, writes and listings by name. May not: know what the bytes mean.
"""
