"""The store in an S3 bucket; the one home of minio.

Belongs here: requests, their retries, and what their answers mean.
May not: know runs or what the objects hold.
"""
