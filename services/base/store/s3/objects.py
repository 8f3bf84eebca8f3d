"""Whole objects in a bucket by key: look, list, create-only, multipart, copy inside the server, delete.

A write whose answer was lost is sent again; if it then meets its own earlier success, the token in the object's
metadata tells. On a server that ignores `If-None-Match`, a create looks first and reads its token back: the best there.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import quote, unquote_plus
from xml.sax.saxutils import escape

from services.base.errors import BadConfig, Transient
from services.base.store.s3.client import Answer, Bucket, Refused, child_text, local_name

COPY_PART_BYTES = 512 << 20
MAX_PARTS = 10_000
PAGE_KEYS = 1000
TOKEN_HEADER = "x-amz-meta-visemill-token"  # noqa: S105 -- the name of a header

_ABORT_PATIENCE_S = 5.0
_QUOTE = rb'(?:"|&quot;|&#34;)?'
_OBJECT = re.compile(
    rb"<Contents><Key>([^<&]*)</Key>(?:<LastModified>([^<&]*)</LastModified>)?"
    rb"<ETag>" + _QUOTE + rb'([^<&"]*)' + _QUOTE + rb"</ETag>(?:<Checksum\w+>[^<]*</Checksum\w+>)*"
    rb"<Size>([0-9]+)</Size>(?:<StorageClass>[^<]*</StorageClass>)?(?:<LastModified>([^<&]*)</LastModified>)?</Contents>"
)


class Listed(NamedTuple):
    """One object of a listing. age_s: by the server's own clock."""

    key: str
    size_bytes: int
    etag: str
    modified: str
    listed_at: str

    @property
    def modified_s(self) -> int:
        """Whole seconds since 1970, as a HEAD of the object tells them; 0 where the server does not say."""
        return int(datetime.fromisoformat(self.modified).timestamp()) if self.modified else 0

    @property
    def age_s(self) -> float:
        now = parsedate_to_datetime(self.listed_at) if self.listed_at else datetime.now(UTC)
        # The Date header has whole seconds: what was written in this one would seem younger than nothing.
        return max(0.0, (now - datetime.fromisoformat(self.modified)).total_seconds())


def head(bucket: Bucket, key: str) -> Mapping[str, str] | None:
    """The object's headers, None if it is not there."""
    try:
        return bucket.request("HEAD", key).headers
    except Refused as refused:
        if refused.code == "NoSuchKey":
            return None
        raise


def etag_of(headers: Mapping[str, str]) -> str:
    """The ETag without its quotes; empty if there is none."""
    return headers.get("etag", "").strip('"')


def modified_s_of(headers: Mapping[str, str]) -> int:
    """The Last-Modified header in seconds since 1970; 0 if there is none."""
    text = headers.get("last-modified", "")
    return int(parsedate_to_datetime(text).timestamp()) if text else 0


def list_objects(bucket: Bucket, prefix: str, *, page_keys: int | None = None) -> Iterator[Listed]:
    """Every object whose key starts with prefix, in the server's order."""
    query = {"list-type": "2", "encoding-type": "url", "prefix": prefix, "max-keys": str(page_keys or PAGE_KEYS)}
    while True:
        answer = bucket.request("GET", query=query)
        listed_at = answer.headers.get("date", "")
        # Of long listings nearly all is objects in one of two forms: found so, they cost a fifth of what parsing does.
        head, *found = _OBJECT.split(answer.body)
        fields = [iter(found)] * (_OBJECT.groups + 1)
        others = [head]
        for key, modified, etag, size, modified_last, other in zip(*fields, strict=True):
            others.append(other)
            when = (modified or modified_last or b"").decode()
            yield Listed(unquote_plus(key.decode()), int(size), etag.decode(), when, listed_at)
        root = dataclasses.replace(answer, body=b"".join(others)).xml()
        for child in root:
            if local_name(child) == "Contents":
                key, size, etag, when = (child_text(child, tag) for tag in ("Key", "Size", "ETag", "LastModified"))
                yield Listed(unquote_plus(key), int(size), etag.strip('"'), when, listed_at)
        if child_text(root, "IsTruncated") != "true":
            return
        query = {**query, "continuation-token": child_text(root, "NextContinuationToken")}


def create(bucket: Bucket, key: str, data: bytes | bytearray) -> bool:
    """Writes the object unless the key is taken; whether it did."""
    if head(bucket, key) is not None:
        return False
    token = secrets.token_hex(16)
    headers = {TOKEN_HEADER: token, "If-None-Match": "*"}
    try:
        bucket.request("PUT", key, body=data, headers=headers)
    except Refused as refused:
        if refused.code != "NotImplemented":
            return _holds(bucket, key, token)
        bucket.request("PUT", key, body=data, headers={TOKEN_HEADER: token})
    return _holds(bucket, key, token)


def copy(bucket: Bucket, source: str, target: str) -> None:
    """Copies inside the server, above 512 MiB in parts. Raises Refused NoSuchKey."""
    headers = head(bucket, source)
    if headers is None:
        raise Refused("NoSuchKey")
    size_bytes, etag = int(headers.get("content-length", "0")), etag_of(headers)
    origin = {"x-amz-copy-source": quote(f"/{bucket.name}/{source}"), "x-amz-copy-source-if-match": f'"{etag}"'}
    if size_bytes <= COPY_PART_BYTES:
        bucket.request("PUT", target, headers=origin)
        return
    upload = Multipart(bucket, target)
    try:
        for start in range(0, size_bytes, COPY_PART_BYTES):
            last = min(start + COPY_PART_BYTES, size_bytes) - 1
            upload.copy_part({**origin, "x-amz-copy-source-range": f"bytes={start}-{last}"})
        upload.complete(create_only=False)
    except BaseException:
        upload.abort()
        raise


def delete(bucket: Bucket, keys: Sequence[str]) -> None:
    """Deletes up to 1000 objects; harmless for those that are gone. Raises Transient if the server keeps some."""
    items = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in keys)
    body = f"<Delete><Quiet>true</Quiet>{items}</Delete>".encode()
    checksum = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    headers = {"Content-MD5": checksum, "Content-Type": "application/xml"}
    root = bucket.request("POST", body=body, headers=headers, query={"delete": ""}).xml()
    kept = [child_text(child, "Key") for child in root if local_name(child) == "Error"]
    if kept:
        raise Transient(
            "NOT_DELETED", f"{len(kept)} of {len(keys)} objects were not deleted, such as {kept[0]}; try again"
        )


class Multipart:
    """One multipart upload under way; nothing shows under the key before `complete`."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._bucket, self._key, self._token = bucket, key, secrets.token_hex(16)
        self._etags: list[str] = []
        headers = {TOKEN_HEADER: self._token, "Content-Type": "application/octet-stream"}
        begun = bucket.request("POST", key, headers=headers, query={"uploads": ""}).xml()
        self.upload_id = child_text(begun, "UploadId")

    def send(self, data: bytes | bytearray) -> None:
        """Uploads the next part: 5 MiB or more, all of one size but the last."""
        self._etags.append(etag_of(self._part(body=data).headers))

    def copy_part(self, headers: Mapping[str, str]) -> None:
        """Takes the next part from another object, named and ranged by x-amz-copy-source headers."""
        self._etags.append(child_text(self._part(headers=headers).xml(), "ETag").strip('"'))

    def complete(self, *, create_only: bool) -> bool:
        """Publishes the object; False if create_only and the key is taken."""
        if create_only and head(self._bucket, self._key) is not None:
            return False
        try:
            self.finish(conditional=create_only)
        except Refused as refused:
            if create_only and refused.code == "NotImplemented":
                self.finish(conditional=False)
            elif _holds(self._bucket, self._key, self._token):
                return True
            elif create_only and head(self._bucket, self._key) is not None:
                return False
            else:
                raise Transient(
                    "UPLOAD_LOST", f"the upload of {self._key} was refused with {refused.code}; write it again"
                ) from refused
        return not create_only or _holds(self._bucket, self._key, self._token)

    def abort(self) -> None:
        """Drops the parts. Gives up after a few seconds: what stays is found by its age."""
        abort(self._bucket, self._key, self.upload_id)

    def _part(self, *, body: bytes | bytearray | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        number = len(self._etags) + 1
        if number > MAX_PARTS:
            raise BadConfig("FILE_TOO_LARGE", f"{self._key} needs more than {MAX_PARTS} parts; use more shards")
        query = {"partNumber": str(number), "uploadId": self.upload_id}
        return self._bucket.request("PUT", self._key, body=body, headers=headers, query=query)

    def finish(self, *, conditional: bool) -> None:
        """One CompleteMultipartUpload; conditional: only onto a free key. Raises Refused as the server answers."""
        parts = "".join(
            f'<Part><PartNumber>{number}</PartNumber><ETag>"{escape(etag)}"</ETag></Part>'
            for number, etag in enumerate(self._etags, start=1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        headers = {"Content-Type": "application/xml"} | ({"If-None-Match": "*"} if conditional else {})
        self._bucket.request("POST", self._key, body=body, headers=headers, query={"uploadId": self.upload_id})


def abort(bucket: Bucket, key: str, upload_id: str) -> None:
    """Drops an unfinished multipart upload; harmless if it has ended."""
    with contextlib.suppress(Refused):
        bucket.request("DELETE", key, query={"uploadId": upload_id}, patience_s=_ABORT_PATIENCE_S)


def _holds(bucket: Bucket, key: str, token: str) -> bool:
    """Whether the object at the key is the one written with the token."""
    headers = head(bucket, key)
    return headers is not None and headers.get(TOKEN_HEADER) == token
