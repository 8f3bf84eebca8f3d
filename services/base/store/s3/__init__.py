"""A store in an S3 bucket.

Belongs here: requests, their retries and their answers; the one home of minio. May not: know runs.
"""
