"""The store in an S3 bucket: one completed upload per file, nothing of it visible before."""

from __future__ import annotations

import contextlib
import json
import logging
import operator
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from services.base.errors import BadConfig, Transient, VisemillError
from services.base.process.retry import Retryable, retry_with_timeout
from services.base.store.interface import (
    TEMP_PREFIX,
    Entry,
    NotThere,
    Promises,
    Upload,
    check_name,
    check_prefix,
    is_name,
)
from services.base.store.os_errors import refusal
from services.base.store.s3 import objects
from services.base.store.s3.client import Answer, Bucket, Refused
from services.base.store.s3.upload import UPLOADS, S3Upload

_log = logging.getLogger("visemill.store")


def open_bucket(uri: str, *, must_exist: bool) -> S3Store:
    """The store at `s3://bucket/prefix`, by the environment's settings and credentials. Raises BadConfig."""
    name, _, prefix = uri.removeprefix("s3://").partition("/")
    prefix = prefix.strip("/")
    if prefix and not is_name(prefix):
        raise BadConfig("BAD_URI", f"{uri!r} has a prefix with an empty, `.` or `..` segment; give s3://bucket/prefix")
    store = S3Store(Bucket.from_environment(name), prefix)
    if must_exist and not store.holds_anything():
        raise BadConfig("ROOT_MISSING", f"nothing lies under {store.uri}; check the bucket and the prefix")
    return store


class S3Store:
    """A Store below a prefix of a bucket. See `services.base.store.interface.Store`."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._below = f"{prefix}/" if prefix else ""
        self._uri = f"s3://{bucket.name}/{prefix}".rstrip("/")

    @property
    def uri(self) -> str:
        return self._uri

    def check_root(self) -> None:
        query = {"list-type": "2", "max-keys": "1", "prefix": self._below}
        self._bucket.request("GET", query=query, patience_s=0.0)

    def holds_anything(self) -> bool:
        """Whether any object lies below the root."""
        return next(objects.list_objects(self._bucket, self._below, page_keys=1), None) is not None

    def list(self, prefix: str = "", *, directories: bool = False) -> Iterator[Entry]:
        """As the interface. Gathers all first, about 300 bytes an entry: not every server sorts by whole names."""
        found = []
        for listed in objects.list_objects(self._bucket, self._below + check_prefix(prefix)):
            name = listed.key[len(self._below) :]
            if TEMP_PREFIX in name and any(part.startswith(TEMP_PREFIX) for part in name.split("/")):
                continue
            if is_name(name):
                found.append(Entry(name, listed.size_bytes, listed.etag, "file", listed.modified_s))
            elif name and not is_name(name.removesuffix("/")):
                found.append(Entry(name, 0, "", "other"))
            elif name and directories:
                found.append(Entry(name[:-1], 0, "", "directory"))
        if directories:
            found += _parents(found, prefix)
            found.sort(key=lambda entry: entry.name + "/" if entry.kind == "directory" else entry.name)
        else:
            found.sort(key=operator.attrgetter("name"))
        return iter(found)

    def stat(self, name: str) -> Entry | None:
        headers = objects.head(self._bucket, self._key(name))
        if headers is None:
            return None
        size_bytes, modified_s = int(headers.get("content-length", "0")), objects.modified_s_of(headers)
        return Entry(name, size_bytes, objects.etag_of(headers), "file", modified_s)

    def read(self, name: str, offset_bytes: int = 0, num_bytes: int | None = None) -> bytes:
        if offset_bytes < 0 or (num_bytes is not None and num_bytes < 0):
            raise ValueError(f"a range must not be negative: offset {offset_bytes}, {num_bytes} bytes")
        last = "" if num_bytes is None else str(offset_bytes + max(num_bytes, 1) - 1)
        headers = {"Range": f"bytes={offset_bytes}-{last}"} if offset_bytes or last else {}
        try:
            answer = self._bucket.request("GET", self._key(name), headers=headers)
        except Refused as refused:
            if refused.code == "InvalidRange":
                return b""
            raise self._meaning(refused, name) from refused
        start = 0 if answer.status == 206 else offset_bytes
        return answer.body if start == 0 and num_bytes is None else answer.body[start:][:num_bytes]

    def local_path(self, name: str) -> Path | None:
        check_name(name)
        return None

    def fetch(self, name: str, to: Path) -> None:
        beside = to.with_name(f"{TEMP_PREFIX}{secrets.token_hex(8)}")
        try:
            self._download(name, beside)
            beside.replace(to)
        except Refused as refused:
            raise self._meaning(refused, name) from refused
        except OSError as error:
            raise refusal(error, str(to.parent), to.name, "write") from error
        finally:
            beside.unlink(missing_ok=True)

    def put(self, name: str, data: bytes) -> None:
        with self._speaking_of(name):
            self._bucket.request("PUT", self._key(name), body=data)

    def create(self, name: str, data: bytes) -> bool:
        with self._speaking_of(name):
            return objects.create(self._bucket, self._key(name), data)

    def upload(self, name: str) -> Upload:
        return S3Upload(self._bucket, self._key(name), self._below)

    def move(self, source: str, target: str) -> None:
        old, new = self._key(source), self._key(target)
        if old == new and self.stat(source) is not None:
            return
        with self._speaking_of(source):
            objects.copy(self._bucket, old, new)
        self.delete(source)

    def delete(self, name: str) -> None:
        try:
            self._bucket.request("DELETE", self._key(name))
        except Refused as refused:
            if refused.code != "NoSuchKey":
                raise self._meaning(refused, name) from refused

    def delete_prefix(self, prefix: str) -> None:
        if not prefix:
            raise ValueError("an empty prefix would delete the whole root")
        keys = [listed.key for listed in objects.list_objects(self._bucket, self._below + check_prefix(prefix))]
        for start in range(0, len(keys), 1000):
            objects.delete(self._bucket, keys[start : start + 1000])

    def clean_abandoned(self, older_than_s: float) -> int:
        """Ends older multipart uploads begun through this root, dead or alive: their writers cannot be seen."""
        removed = 0
        for listed in objects.list_objects(self._bucket, self._below + TEMP_PREFIX):
            if listed.age_s < older_than_s:
                continue
            with contextlib.suppress(Refused):
                if listed.key.startswith(self._below + UPLOADS):
                    self._end_upload(self._bucket.request("GET", listed.key).body)
                self._bucket.request("DELETE", listed.key)
                removed += 1
        return removed

    def probe(self) -> Promises:
        key = f"{self._below}{TEMP_PREFIX}probe-{secrets.token_hex(8)}"
        try:
            with self._speaking_of(key):
                self._bucket.request("PUT", key, body=b"visemill")
                listed = any(found.key == key for found in objects.list_objects(self._bucket, key))
                ranged = self._bucket.request("GET", key, headers={"Range": "bytes=2-4"}).status == 206
                plain = self._probe_put(key)
                multipart, complete = self._probe_multipart(key)
        finally:
            with contextlib.suppress(Refused, VisemillError):
                self._bucket.request("DELETE", key)
        return Promises(plain, complete, listed, multipart, ranged)

    def _end_upload(self, note: bytes) -> None:
        try:
            named = json.loads(note)
            key, upload_id = str(named["key"]), str(named["upload_id"])
        except (ValueError, KeyError, TypeError) as error:
            _log.warning("a note of an upload in %s cannot be read: %s", self._uri, error)
            return
        objects.abort(self._bucket, key, upload_id)

    def _probe_multipart(self, key: str) -> tuple[bool, bool]:
        """Whether multipart uploads work, and whether one that completes onto a taken key is refused when told so."""
        try:
            upload = objects.Multipart(self._bucket, key)
            upload.send(b"visemill")
        except (Refused, BadConfig):
            return False, False
        try:
            upload.finish(conditional=True)
        except Refused as refused:
            upload.abort()
            return True, refused.code == "PreconditionFailed"
        return True, False

    def _probe_put(self, key: str) -> bool:
        try:
            self._bucket.request("PUT", key, body=b"another", headers={"If-None-Match": "*"})
        except Refused as refused:
            return refused.code == "PreconditionFailed"
        return False

    def _key(self, name: str) -> str:
        return self._below + check_name(name)

    def _meaning(self, refused: Refused, name: str) -> VisemillError:
        if refused.code == "NoSuchKey":
            return NotThere(name, self._uri)
        if refused.code == "NotImplemented":
            return BadConfig(
                "S3_REFUSED", f"the server of {self._uri} cannot do this with {name!r}; use another server"
            )
        return Transient("STORE_CONFLICT", f"{name!r} in {self._uri} changed under us ({refused.code}); try again")

    @contextlib.contextmanager
    def _speaking_of(self, name: str) -> Iterator[None]:
        try:
            yield
        except Refused as refused:
            raise self._meaning(refused, name) from refused

    def _download(self, name: str, path: Path) -> None:
        """Streams into the path; after a break it goes on where it stopped, as long as the object is the same."""
        key, etag = self._key(name), ""
        with path.open("wb") as file:

            def take(answer: Answer, pieces: Any) -> None:
                nonlocal etag
                if answer.status != 206:
                    file.seek(0)
                    file.truncate()
                etag = objects.etag_of(answer.headers)
                for piece in pieces:
                    file.write(piece)

            def attempt() -> bool:
                done_bytes = file.tell()
                headers = {"Range": f"bytes={done_bytes}-", "If-Match": f'"{etag}"'} if done_bytes and etag else {}
                try:
                    self._bucket.download(key, headers, take)
                except Refused as refused:
                    if not headers or refused.code not in ("InvalidRange", "PreconditionFailed"):
                        raise
                    if refused.code == "InvalidRange":
                        return True
                    file.seek(0)
                    raise Retryable(self._meaning(refused, name)) from refused
                except Retryable:
                    if file.tell() <= done_bytes:
                        raise
                    return False
                return True

            while not retry_with_timeout(attempt):
                _log.warning("%s broke off after %d bytes; continuing from there", name, file.tell())


def _parents(found: Sequence[Entry], prefix: str) -> list[Entry]:
    """The directories that the files' names imply, below the prefix, less those that are listed as objects."""
    listed = {entry.name for entry in found if entry.kind == "directory"}
    implied: set[str] = set()
    for entry in found:
        folder = entry.name.rpartition("/")[0] if entry.kind == "file" else ""
        while folder and folder not in implied:
            implied.add(folder)
            folder = folder.rpartition("/")[0]
    below = (name for name in implied - listed if f"{name}/".startswith(prefix) and f"{name}/" != prefix)
    return [Entry(name, 0, "", "directory") for name in below]
