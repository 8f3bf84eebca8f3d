"""Writing one object in pieces: one PUT while it is small, a multipart upload once it is not."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets

from services.base.errors import Transient, VisemillError
from services.base.store.interface import TEMP_PREFIX, Upload
from services.base.store.s3 import objects
from services.base.store.s3.client import Bucket, Refused

PART_BYTES = 16 << 20
"""What an upload holds in memory; files up to this size are one PUT."""
UPLOADS = f"{TEMP_PREFIX}uploads/"
"""Where notes of unfinished multipart uploads lie below a root: not every server lists its uploads by prefix."""

_log = logging.getLogger("visemill.store")


class S3Upload(Upload):
    """A buffer of one part; multipart once it overflows. A note in the store names the upload until it ends."""

    def __init__(self, bucket: Bucket, key: str, below: str) -> None:
        super().__init__()
        self._bucket, self._key = bucket, key
        self._note = f"{below}{UPLOADS}{secrets.token_hex(8)}"
        self._buffer = bytearray()
        self._parts: objects.Multipart | None = None

    def _append(self, data: bytes | memoryview) -> None:
        view = memoryview(data).cast("B")
        while len(view):
            if len(self._buffer) == PART_BYTES:
                self._send()
            room = PART_BYTES - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]

    def _send(self) -> None:
        try:
            if self._parts is None:
                self._parts = objects.Multipart(self._bucket, self._key)
                note = {"key": self._key, "upload_id": self._parts.upload_id}
                self._bucket.request("PUT", self._note, body=json.dumps(note).encode())
            self._parts.send(self._buffer)
        except Refused as refused:
            raise self._lost(refused) from refused
        self._buffer = bytearray()

    def _publish(self, create_only: bool) -> bool:
        try:
            if self._parts is None:
                if create_only:
                    return objects.create(self._bucket, self._key, self._buffer)
                self._bucket.request("PUT", self._key, body=self._buffer)
                return True
            if self._buffer:
                self._send()
            published = self._parts.complete(create_only=create_only)
        except Refused as refused:
            raise self._lost(refused) from refused
        if published:
            self._forget()
        return published

    def _drop(self) -> None:
        self._buffer = bytearray()
        if self._parts is not None:
            try:
                self._parts.abort()
                self._forget()
            except VisemillError as error:
                _log.warning("the unfinished upload of %s stays until it is cleaned up: %s", self._key, error)

    def _forget(self) -> None:
        with contextlib.suppress(Refused):
            self._bucket.request("DELETE", self._note)

    def _lost(self, refused: Refused) -> Transient:
        return Transient("UPLOAD_LOST", f"the upload of {self._key} was refused ({refused.code}); write it again")
