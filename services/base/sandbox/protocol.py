"""Messages between a supervisor and its child over a socket pair: a JSON header and raw bytes, never pickles."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import select
import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from services.base.media.audio import AudioChunk
from services.base.media.clip import Clip, ClipAttributes, Media
from services.base.media.video import FrameChunk, TimeHole
from services.base.stage.artifacts import ArtifactTypes, decode_artifact, encode_artifact
from services.base.stage.clip_pass import ArtifactPart, ChunkPart, DonePart, FactsPart, InfoPart, Part
from services.base.stage.product import PIECE_BYTES, FilePart, PiecePart, Product, ProductPart
from services.base.stage.spec import ClipJob
from services.base.stage.stream import STREAMS, Chunk, Info, Report, kind_of_stream
from services.base.stage.window import Together

_PREFIX = struct.Struct("<IQ")
# Fields of facts that JSON makes plain lists of.
_HOLES = frozenset({"holes", "gaps"})
_MAX_HEADER_BYTES = 64 << 20
_MAX_PAYLOAD_BYTES = 4 << 30
# Of the messages that a product is sent in: it may be of any size, and each of them is small.
_MAX_PRODUCT_BYTES = {"product": 0, "file": 0, "piece": PIECE_BYTES}

Header = dict[str, Any]
Message = tuple[Header, bytes | memoryview]


class End(Protocol):
    """One end of a socket pair, as `send` and `receive` need it."""

    def sendall(self, data: Any, /) -> None: ...

    def recv_into(self, buffer: memoryview, /) -> int: ...


class WatchedEnd:
    """An end that calls watch() every poll_s while the other end keeps it waiting; what watch raises ends the wait."""

    def __init__(self, sock: socket.socket, poll_s: float, watch: Callable[[], None]) -> None:
        self._sock = sock
        self._poll_s = poll_s
        self._watch = watch

    def sendall(self, data: bytes | memoryview, /) -> None:
        view = memoryview(data).cast("B")
        while view:
            if not select.select([], [self._sock], [], self._poll_s)[1]:
                self._watch()
                continue
            with contextlib.suppress(BlockingIOError):
                view = view[self._sock.send(view, socket.MSG_DONTWAIT) :]

    def recv_into(self, buffer: memoryview, /) -> int:
        while not select.select([self._sock], [], [], self._poll_s)[0]:
            self._watch()
        return self._sock.recv_into(buffer)


def send(sock: End, header: Mapping[str, Any], *payload: bytes | memoryview) -> None:
    """One message. Raises OSError when the other end is gone."""
    text = json.dumps(header).encode()
    sock.sendall(_PREFIX.pack(len(text), sum(len(p) for p in payload)) + text)
    for piece in payload:
        sock.sendall(piece)


def receive(sock: End) -> tuple[Header, bytearray] | None:
    """The next message, or None when the other end has closed. Raises OSError, or ValueError for a torn message."""
    prefix = _read(sock, _PREFIX.size)
    if not prefix:
        return None
    num_header, num_payload = _PREFIX.unpack(prefix)
    if num_header > _MAX_HEADER_BYTES:
        raise ValueError(f"a header of {num_header} bytes is over the limit: the other end is broken")
    header = json.loads(_read(sock, num_header))
    part = str(header.get("part", ""))
    if num_payload > _MAX_PRODUCT_BYTES.get(part, _MAX_PAYLOAD_BYTES):
        raise ValueError(f"a message {part!r} of {num_payload} bytes is over the limit: the other end is broken")
    return header, _read(sock, num_payload)


def _read(sock: End, num_bytes: int) -> bytearray:
    data = bytearray(num_bytes)
    view = memoryview(data)
    filled = 0
    while filled < num_bytes:
        num_read = sock.recv_into(view[filled:])
        if num_read == 0:
            if filled == 0:
                return bytearray()
            raise ConnectionResetError(f"the other end closed after {filled} of {num_bytes} bytes")
        filled += num_read
    return data


def pack_job(job: ClipJob, given: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[Header, list[bytes]]:
    """A job as a header and pieces of payload, in the order that `unpack_job` reads them."""
    media = job.media
    pieces = [media.data] if media.data is not None else []
    pieces += job.extras.values()
    packed = {name: _pack_value(name, value) for name, value in given.items()}
    pieces += [data for _, data in packed.values()]
    header = {
        "clip": {**dataclasses.asdict(job.clip), "extras": dict(job.clip.extras)},
        "media": {
            "name": media.name,
            "sha256": media.sha256,
            "size_bytes": media.size_bytes,
            "path": str(media.path) if media.path is not None else None,
        },
        "extras": {role: len(data) for role, data in job.extras.items()},
        "given": {name: (kind, len(data)) for name, (kind, data) in packed.items()},
        "max_frames": job.max_frames,
        **options,
    }
    return header, pieces


def unpack_job(header: Header, payload: bytearray, types: ArtifactTypes) -> tuple[ClipJob, dict[str, Any]]:
    """The job and the given artifacts, of these types, of a `pack_job` message."""
    pieces = _Pieces(payload)
    fields = header["media"]
    path = Path(fields["path"]) if fields["path"] is not None else None
    data = None if path is not None else pieces.take(fields["size_bytes"])
    media = Media(fields["name"], fields["sha256"], fields["size_bytes"], data=data, path=path)
    extras = {role: pieces.take(size) for role, size in header["extras"].items()}
    given = {name: _unpack_value(kind, pieces.take(size), types) for name, (kind, size) in header["given"].items()}
    clip = Clip(**{**header["clip"], "attributes": ClipAttributes(**header["clip"]["attributes"])})
    return ClipJob(clip, media, extras, header["max_frames"]), given


def pack_part(part: Part) -> tuple[Header, list[bytes | memoryview]]:
    """A part as a header and pieces of payload."""
    match part:
        case InfoPart(info):
            return {"part": "info", "kind": kind_of_stream(info), "info": dataclasses.asdict(info)}, []
        case ChunkPart(chunk):
            return pack_chunk(chunk)
        case FactsPart(facts):
            return {"part": "facts", "kind": kind_of_stream(facts), "facts": dataclasses.asdict(facts)}, []
        case ArtifactPart(name, value):
            kind, data = _pack_value(name, value)
            return {"part": "artifact", "name": name, "kind": kind}, [data]
        case ProductPart(name):
            return {"part": "product", "name": name}, []
        case FilePart(name, media_type):
            return {"part": "file", "name": name, "media_type": media_type}, []
        case PiecePart(data):
            return {"part": "piece"}, [data]
        case DonePart(seconds):
            return {"part": "done", "seconds": dict(seconds)}, []


def pack_chunk(chunk: Chunk) -> tuple[Header, list[bytes | memoryview]]:
    """A chunk of a stream as a header and its pixels or samples, without a copy where they are contiguous."""
    if isinstance(chunk, AudioChunk):
        samples = np.ascontiguousarray(chunk.samples_TC)
        header = {
            "part": "samples",
            "first_sample": chunk.first_sample,
            "shape": list(samples.shape),
            "sample_rate_hz": chunk.sample_rate_hz,
            "start_s": chunk.start_s.hex(),
        }
        return header, [samples.reshape(-1).view(np.uint8).data]
    frames = np.ascontiguousarray(chunk.frames_THWC)
    header = {
        "part": "chunk",
        "first_index": chunk.first_index,
        "shape": list(frames.shape),
        "pts_s": [t.hex() for t in chunk.pts_s.tolist()],
    }
    return header, [frames.reshape(-1).data]


def unpack_part(header: Header, payload: bytearray, types: ArtifactTypes) -> Part:
    """The inverse of `pack_part`. types: of artifacts. Raises ValueError for an unknown part."""
    match header["part"]:
        case "info":
            info: Info = STREAMS[header["kind"]].info(**header["info"])
            return InfoPart(info)
        case "chunk":
            frames = np.frombuffer(payload, np.uint8).reshape(header["shape"])
            pts_s = np.array([float.fromhex(t) for t in header["pts_s"]], np.float64)
            return ChunkPart(FrameChunk(header["first_index"], frames, pts_s))
        case "samples":
            samples = np.frombuffer(payload, np.float32).reshape(header["shape"])
            start_s = float.fromhex(header["start_s"])
            return ChunkPart(AudioChunk(header["first_sample"], samples, header["sample_rate_hz"], start_s))
        case "facts":
            values = dict(header["facts"])
            values["warnings"] = tuple(values["warnings"])
            for name in _HOLES & values.keys():
                values[name] = tuple(TimeHole(*hole) for hole in values[name])
            facts: Report = STREAMS[header["kind"]].facts(**values)
            return FactsPart(facts)
        case "artifact":
            return ArtifactPart(header["name"], _unpack_value(header["kind"], bytes(payload), types))
        case "product":
            return ProductPart(header["name"])
        case "file":
            return FilePart(header["name"], header["media_type"])
        case "piece":
            return PiecePart(bytes(payload))
        case "done":
            return DonePart(header["seconds"])
        case other:
            raise ValueError(f"unknown part {other!r}")


def _pack_value(name: str, value: Any) -> tuple[str, bytes]:
    if isinstance(value, Product):
        # Its files have gone before it.
        names = list(value.sidecars)
        facts = {"quality": dict(value.quality), "flags": list(value.flags)}
        sizes = {name: len(value.sidecars[name]) for name in names}
        header = json.dumps({**facts, "sidecars": sizes}).encode()
        return "product", b"".join([struct.pack("<I", len(header)), header, *value.sidecars.values()])
    if isinstance(value, Together):
        packed = [_pack_value(name, each) for each in value.values]
        header = json.dumps([(kind, len(data)) for kind, data in packed]).encode()
        return "together", b"".join([struct.pack("<I", len(header)), header, *(data for _, data in packed)])
    return "artifact", encode_artifact(name, value)


def _unpack_value(kind: str, data: bytes, types: ArtifactTypes) -> Any:
    if kind == "artifact":
        return decode_artifact(data, types)
    if kind == "together":
        (size,) = struct.unpack_from("<I", data)
        each = _Pieces(data[4 + size :])
        return Together(
            tuple(_unpack_value(kind, each.take(length), types) for kind, length in json.loads(data[4 : 4 + size]))
        )
    (size,) = struct.unpack_from("<I", data)
    facts = json.loads(data[4 : 4 + size])
    pieces = _Pieces(data[4 + size :])
    sidecars = {name: pieces.take(num_bytes) for name, num_bytes in facts["sidecars"].items()}
    return Product((), facts["quality"], tuple(facts["flags"]), sidecars)


class _Pieces:
    def __init__(self, payload: bytes | bytearray) -> None:
        self._view = memoryview(payload)
        self._at = 0

    def take(self, size: int) -> bytes:
        piece = bytes(self._view[self._at : self._at + size])
        if len(piece) != size:
            raise ValueError(f"a message lacks {size - len(piece)} bytes")
        self._at += size
        return piece
