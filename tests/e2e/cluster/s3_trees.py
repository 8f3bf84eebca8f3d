"""Copies trees to and from a bucket: run inside the cluster's network, where the store is. Settings by the environment.

python s3_trees.py bucket BUCKET | put FOLDER BUCKET PREFIX | get BUCKET PREFIX FOLDER | list BUCKET PREFIX
    | await BUCKET PREFIX PART
"""

import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from minio import Minio

LIMIT_S = 400.0


def client() -> Minio:
    url = urlsplit(os.environ["AWS_ENDPOINT_URL_S3"])
    keys = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    http = urllib3.PoolManager(timeout=30, retries=urllib3.Retry(5, backoff_factor=0.3))
    region = os.environ.get("AWS_REGION", "us-east-1")
    return Minio(url.netloc, *keys, secure=url.scheme == "https", region=region, http_client=http)


def main(command: str, *words: str) -> int:
    s3 = client()
    if command == "bucket":
        s3.make_bucket(words[0])
    elif command == "put":
        folder, bucket, prefix = words
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                s3.fput_object(bucket, f"{prefix}/{path.relative_to(folder)}", str(path))
    elif command == "await":
        until_s = time.monotonic() + LIMIT_S
        bucket, prefix, part = words
        while time.monotonic() < until_s:
            for found in s3.list_objects(bucket, f"{prefix}/", recursive=True):
                if part in (name := found.object_name.removeprefix(f"{prefix}/")):
                    sys.stdout.write(f"{name}\n")
                    return 0
            time.sleep(0.1)
        sys.stderr.write(f"no name below {bucket}/{prefix} had {part} in {LIMIT_S:g} s\n")
        return 1
    else:
        bucket, prefix = words[:2]
        for found in s3.list_objects(bucket, f"{prefix}/" if prefix else "", recursive=True):
            name = found.object_name.removeprefix(f"{prefix}/")
            if command == "list":
                sys.stdout.write(f"{name}\n")
            else:
                s3.fget_object(bucket, found.object_name, str(Path(words[2]) / name))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
