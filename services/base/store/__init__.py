"""Where bytes lie: one interface over a local folder and an S3 bucket.

Belongs here: atomic writes, reads and listings by name.
May not: know what the bytes mean.
"""
