"""Where bytes lie: one interface over a local folder and an S3 bucket.

Belongs here: atomic writes, reads and listings by name; folders of pictures, which are read as one file.
May not: know what the bytes mean, but for those pictures.
"""
