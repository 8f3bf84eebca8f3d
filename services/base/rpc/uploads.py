"""How a clip's bytes reach a server: in pieces, spooled to a file when large, or by a URI under an allowed root."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

from visemill.v1 import common_pb2

from services.base.errors import BadInput
from services.base.media.clip import Clip, Media
from services.base.media.pictures import is_picture_folder
from services.base.media.video import FrameChunk, VideoInfo
from services.base.rpc.codec import frames_from_proto, require_frame_fits
from services.base.stage.spec import ClipJob
from services.base.store.allowed_roots import AllowedRoots
from services.base.store.interface import NotThere, Store
from services.base.store.picture_folders import read_media, stat_media

_MAX_NAME_CHARS = 200


@dataclass(frozen=True)
class UploadLimits:
    """max_clip_bytes: of one encoded clip. spool_bytes: what of it stays in memory. roots: folders, s3:// prefixes."""

    max_clip_bytes: int = 512 << 20
    spool_bytes: int = 64 << 20
    roots: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.max_clip_bytes < 1 or self.spool_bytes < 1:
            raise ValueError(f"limits on clips must be at least 1 byte: {self!r}")
        for root in self.roots:
            if not root.startswith(("s3://", "/")):
                raise ValueError(f"an allowed root must be an absolute path or s3://bucket/prefix, not {root!r}")


class Request(Protocol):
    """A request message whose `message` oneof holds a start, then pieces of data."""

    start: Any
    data: bytes

    def WhichOneof(self, oneof_group: Any) -> str | None: ...


class FrameRequest(Request, Protocol):
    """One that may hold chunks of frames instead."""

    chunk: common_pb2.FrameChunk


def start_of(requests: Iterator[Request]) -> Any:
    """The start that a call begins with. Raises BadInput BAD_MESSAGE for anything else."""
    first = next(requests, None)
    kind = first.WhichOneof("message") if first is not None else None
    if first is None or kind != "start":
        raise BadInput("BAD_MESSAGE", f"a call begins with a start, not with {kind or 'nothing'}")
    return first.start


def frames_of(requests: Iterator[FrameRequest], width_px: int, height_px: int, max_frames: int) -> Iterator[FrameChunk]:
    """The caller's frames, in order, max_frames at most (0: all). Raises BadInput BAD_MESSAGE."""
    num_frames = 0
    for request in requests:
        kind = request.WhichOneof("message")
        if kind != "chunk":
            raise BadInput("BAD_MESSAGE", f"after a start with frames only chunks may follow, not {kind or 'nothing'}")
        chunk = frames_from_proto(request.chunk, width_px, height_px)
        if chunk.first_index != num_frames:
            raise BadInput(
                "BAD_MESSAGE", f"a chunk begins with frame {chunk.first_index} where frame {num_frames} was due"
            )
        room = max_frames - num_frames if max_frames else len(chunk)
        if room < len(chunk):
            chunk = FrameChunk(chunk.first_index, chunk.frames_THWC[:room], chunk.pts_s[:room])
        num_frames += len(chunk)
        yield chunk
        if num_frames == max_frames:
            return


class PushedFrames(NamedTuple):
    """Frames that a caller streams, as a pass takes them in place of a clip."""

    frames: Iterator[FrameChunk]
    info: VideoInfo
    job: ClipJob


def pushed_frames(
    requests: Iterator[FrameRequest], width_px: int, height_px: int, max_frames: int, max_message_bytes: int
) -> PushedFrames:
    """Of frames of this size, as `frames_of`. Raises BadInput BAD_MESSAGE, and as `require_frame_fits`."""
    if width_px < 1 or height_px < 1:
        raise BadInput("BAD_MESSAGE", f"frames must be at least 1x1 px, not {width_px}x{height_px}")
    require_frame_fits(width_px, height_px, max_message_bytes)
    frames = frames_of(requests, width_px, height_px, max_frames)
    info = VideoInfo(width_px, height_px, 0, 0.0, 0, 0.0, "", "")
    return PushedFrames(frames, info, job_of(Media.of_bytes("frames", b"")))


def job_of(media: Media, max_frames: int | None = None) -> ClipJob:
    """The job of a clip that is known by its media alone."""
    return ClipJob(Clip(media.name, media.name, "", media.name), media, max_frames=max_frames)


class Uploads:
    """Takes clips in, within limits. Raises BadConfig for an allowed root that can be none."""

    def __init__(self, limits: UploadLimits) -> None:
        self._limits = limits
        self._roots = AllowedRoots(limits.roots)

    def check(self) -> None:
        """Returns when every allowed root can be reached. Raises as `AllowedRoots.check`."""
        self._roots.check()

    @contextlib.contextmanager
    def media(self, header: common_pb2.MediaHeader, requests: Iterator[Request]) -> Iterator[Media]:
        """The clip that a start announces, for the time of the block; what was spooled is gone after it.

        Raises BadInput when a limit or a promise is broken or the URI is not allowed.
        """
        name = name_of(header)
        _require_size(name, header.size_bytes, self._limits)
        with tempfile.TemporaryDirectory(prefix="visemill-clip-") as folder:
            spool = Path(folder) / "media"
            if header.uri:
                if next(requests, None) is not None:
                    raise BadInput("BAD_MESSAGE", f"{name}: nothing may follow a start that names a URI")
                yield self._located(header.uri, name, spool)
            else:
                yield _received(name, header.size_bytes, data_of(requests), self._limits, spool)

    def _located(self, uri: str, name: str, spool: Path) -> Media:
        store, key = self._roots.find(uri)
        entry = stat_media(store, key)
        if entry is None or entry.kind == "directory":
            if not is_picture_folder(key) and stat_media(store, f"{key}/") is not None:
                raise BadInput("URI_REFUSED", f"{uri!r} is a folder of pictures: end its URI in `/`")
            if entry is None:
                raise NotThere(key, store.uri)
        if entry.kind != "file":
            raise BadInput("URI_REFUSED", f"{uri!r} is no file below an allowed root, but of kind {entry.kind!r}")
        _require_size(name, entry.size_bytes, self._limits)
        if is_picture_folder(key):
            return self._joined(store, key, name, spool)
        path = store.local_path(key)
        if path is None:
            store.fetch(key, spool)
            return Media.of_file(spool, name)
        real = path.resolve()
        if not real.is_relative_to(store.uri):
            raise BadInput("URI_REFUSED", f"{uri!r} has become a link that leaves its root")
        try:
            return Media.of_file(real, name)
        except OSError as error:
            raise BadInput("OPEN_FAILED", f"{uri!r} cannot be read: {error.strerror}") from error

    def _joined(self, store: Store, key: str, name: str, spool: Path) -> Media:
        """The pictures of a folder, one behind the other."""
        data = read_media(store, key)
        # Those that were listed may have grown since.
        _require_size(name, len(data), self._limits)
        if len(data) <= self._limits.spool_bytes:
            return Media.of_bytes(name, data)
        spool.write_bytes(data)
        return Media.of_file(spool, name)


def name_of(header: common_pb2.MediaHeader) -> str:
    """A name for messages: printable and bounded. The `/` behind a folder of pictures stays, that of its URI too."""
    name = header.name or header.uri.rstrip("/").rsplit("/", 1)[-1]
    if is_picture_folder(name) or is_picture_folder(header.uri):
        name = f"{name[: _MAX_NAME_CHARS - 1].rstrip('/')}/"
    return "".join(c if c.isprintable() else "?" for c in name[:_MAX_NAME_CHARS]) or "clip"


def data_of(requests: Iterator[Request]) -> Iterator[bytes]:
    """The pieces that follow a start. Raises BadInput BAD_MESSAGE for anything else."""
    for request in requests:
        kind = request.WhichOneof("message")
        if kind != "data":
            raise BadInput("BAD_MESSAGE", f"after this start only data may follow, not {kind or 'nothing'}")
        yield request.data


def _received(name: str, promised: int, pieces: Iterator[bytes], limits: UploadLimits, spool: Path) -> Media:
    """The pieces as Media: in memory, or in the spool file once they outgrow it."""
    most = promised or limits.max_clip_bytes
    whose = "its header promised" if promised else "this server takes (--max-clip-mib)"
    digest, size_bytes = hashlib.sha256(), 0
    with contextlib.ExitStack() as stack:
        held = bytearray()
        file: BinaryIO | None = None
        for piece in pieces:
            size_bytes += len(piece)
            if size_bytes > most:
                raise BadInput("CLIP_TOO_LARGE", f"{name}: more than the {most} bytes that {whose} have come")
            digest.update(piece)
            if file is None and len(held) + len(piece) > limits.spool_bytes:
                file = stack.enter_context(spool.open("wb"))
                file.write(held)
                held.clear()
            if file is None:
                held += piece
            else:
                file.write(piece)
    if size_bytes < promised:
        raise BadInput(
            "UPLOAD_INCOMPLETE", f"{name}: {size_bytes} of the {promised} bytes that its header promised came"
        )
    sha256 = digest.hexdigest()
    if file is not None:
        return Media(name, sha256, size_bytes, path=spool)
    return Media(name, sha256, size_bytes, data=bytes(held))


def _require_size(name: str, size_bytes: int, limits: UploadLimits) -> None:
    if size_bytes < 0:
        raise BadInput("BAD_MESSAGE", f"{name}: size_bytes must be at least 0, not {size_bytes}")
    if size_bytes > limits.max_clip_bytes:
        raise BadInput(
            "CLIP_TOO_LARGE",
            f"{name}: {size_bytes} bytes, and this server takes at most {limits.max_clip_bytes}: raise --max-clip-mib",
        )
