"""Opening media of unknown origin with PyAV (FFmpeg), so that nothing but the given bytes is ever read.

The bytes come through a file object without a name, so no name is taken for a protocol or a pattern. Only demuxers
that read one file are allowed, so no playlist, session description or reference reaches another file or the network.
The limit on pixels is set in the decoders too, so that a header which lies allocates nothing.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import av
import av.error
import av.stream

from services.base.errors import BadInput, Transient
from services.base.media.clip import Media
from services.base.media.pictures import PICTURES_HZ
from services.base.media.video import TimeHole
from services.containers.config import DecodeConfig
from services.containers.decoder_log import DecoderLog
from services.containers.joined import joined_at, num_packets_from
from services.containers.timeline import hole_before

# Those of sound alone are there for a truer answer than "not a video".
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegvideo,m4v,mpegts,flv,asf,gif,ogg,mp3,wav,flac"
_OF_SOUND_ALONE = frozenset({"m4a", "mp3", "wav", "flac"})
_CONTAINER_OPTIONS = {
    "format_whitelist": FORMATS,
    "protocol_whitelist": "none",
    "enable_drefs": "0",
    "max_streams": "100",
}
# The pictures of a folder, concatenated, are read by these and by no other.
_PICTURE_FORMATS = {b"\xff\xd8\xff": "jpeg_pipe", b"\x89PNG": "png_pipe"}
_PICTURES = (
    av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails | av.stream.Disposition.still_image
)
_ANY_CLOCK = ("mpeg", "mpegts", "mpegvideo", "asf", "flv")
# Where streams lie side by side, one with a second packet has shown it by then.
_PACKETS_LOOKED_AT = 2000
# Were this not to be had, the process itself would be short of memory.
_ENOUGH_BYTES = 256 << 20


class _Nameless:
    """What FFmpeg needs of a file, without its name."""

    def __init__(self, file: BinaryIO, media: Media) -> None:
        self._file = file
        self._media = media
        self.seek = file.seek
        self.tell = file.tell

    def read(self, num_bytes: int) -> bytes:
        try:
            return self._file.read(num_bytes)
        except OSError as error:
            raise _unreadable(self._media, error) from error


@contextmanager
def open_container(
    media: Media, options: Mapping[str, str], log: DecoderLog, *, also: str = "", kind: str = "video"
) -> Iterator[Any]:
    """PyAV's input container over the media's bytes, closed on every way out.

    options: of the decoders. also: demuxers that are allowed beside FORMATS. kind: what is looked for, for messages.
    Raises BadInput EMPTY_FILE, OPEN_FAILED or OUT_OF_MEMORY; Transient MEDIA_UNREADABLE when the file cannot be read.
    """
    if media.size_bytes == 0:
        raise BadInput("EMPTY_FILE", f"{media.name} has no bytes; replace the file or leave it out")
    with _open_file(media) as file:
        with log.listening():
            container = _open(_Nameless(file, media), media, options, log, f"{FORMATS},{also}".rstrip(","), kind)
        with container:
            yield container


def num_packets_behind(media: Media, format_name: str, last_read: int) -> int:
    """Video packets of recordings that lie behind what was read, in a file of several of them.

    format_name: FFmpeg's. last_read: place in the file of the last packet that was read. Raises Transient
    MEDIA_UNREADABLE.
    """
    try:
        with _open_file(media) as file:
            starts = [place for place in joined_at(file, format_name) if place > last_read]
            stops = [*starts[1:], media.size_bytes]
            parts = zip(starts, stops, strict=True) if starts else ()
            return sum(num_packets_from(file, start, stop, _CONTAINER_OPTIONS) for start, stop in parts)
    except OSError as error:
        raise _unreadable(media, error) from error


def decoder_options(config: DecodeConfig) -> dict[str, str]:
    """Options of a decoder: at most this many pixels a frame, whatever its headers say."""
    # Room for coded sizes, which are rounded up to whole blocks; the exact limit is held to what is delivered.
    return {"max_pixels": str(config.max_pixels + config.max_pixels // 4 + 65536)}


def moving_streams(container: Any) -> list[Any]:
    """Video streams that are no picture attached to the file: no cover, no thumbnails, no still."""
    return [s for s in container.streams.video if not s.disposition & _PICTURES]


def video_stream(container: Any, media: Media, config: DecodeConfig, log: DecoderLog) -> Any:
    """The video stream to decode: of those with a decoder and more than one picture the default one, else the largest;
    the first of equals. Packets of the others are left unread.

    Raises BadInput NO_VIDEO_STREAM or UNSUPPORTED_CODEC.
    """
    videos = moving_streams(container)
    if len(videos) > 1:
        videos = _without_stills(videos, media, config)
    if not videos:
        kinds = ", ".join(sorted({"cover picture" if s.type == "video" else s.type for s in container.streams}))
        message = f"{media.name}: no video stream in it, only {kinds or 'nothing'}; give a file with video"
        raise bad_input("NO_VIDEO_STREAM", message, log)
    return read_alone(container, videos, _rank, "video", media, log)


def read_alone(
    container: Any, streams: Iterable[Any], rank: Callable[[Any], Any], kind: str, media: Media, log: DecoderLog
) -> Any:
    """Of these streams with a decoder that of the highest rank, the first of equals; packets of all others are left
    unread. kind: of the streams, for people. Raises BadInput UNSUPPORTED_CODEC.
    """
    stream = max((s for s in streams if s.codec_context is not None), key=rank, default=None)
    if stream is None:
        raise bad_input("UNSUPPORTED_CODEC", f"{media.name}: no decoder for its {kind}; re-encode it", log)
    for other in container.streams:
        if other is not stream:
            other.discard = av.stream.Discard.all
    return stream


def _without_stills(streams: list[Any], media: Media, config: DecodeConfig) -> list[Any]:
    """Those of more than one packet, all if there is none: some writers do not say that a cover is a picture alone."""
    num_packets = {stream.index: 0 for stream in streams}
    log = DecoderLog()
    with (
        open_container(media, decoder_options(config), log) as container,
        log.listening(),
        contextlib.suppress(av.error.FFmpegError),
    ):
        for i, packet in enumerate(container.demux(*(container.streams[index] for index in num_packets))):
            num_packets[packet.stream.index] += packet.size > 0
            if i >= _PACKETS_LOOKED_AT or min(num_packets.values()) > 1:
                break
    return [stream for stream in streams if num_packets[stream.index] > 1] or streams


def _rank(stream: Any) -> tuple[bool, int]:
    is_default = bool(stream.disposition & av.stream.Disposition.default)
    return is_default, stream.codec_context.width * stream.codec_context.height


def declared_duration_s(container: Any, stream: Any) -> float:
    """Length in seconds as the stream says, else as the container says, else 0."""
    if stream.duration is not None:
        return max(0.0, float(stream.duration * stream.time_base))
    return max(0.0, (container.duration or 0) / av.time_base)


def hole_before_first(container: Any, stream: Any, frame: Any) -> tuple[TimeHole, ...]:
    """What is missing before a stream's first frame: see `timeline.hole_before`."""
    if frame.pts is None:
        return ()
    return hole_before(float(frame.pts * stream.time_base), _clock_starts_s(container))


def _clock_starts_s(container: Any) -> tuple[float, ...]:
    """When a recording begins by its other streams, in seconds on the clock of its frames: when each sound begins, or
    without any 0, but for streams cut from a longer one, whose clock begins anywhere.
    """
    streams = [stream for stream in container.streams.audio if stream.start_time is not None and stream.time_base]
    if not streams and container.format.name not in _ANY_CLOCK:
        return (0.0,)
    return tuple(float(stream.start_time * stream.time_base) for stream in streams)


def packets_of(media: Media, config: DecodeConfig, stream_index: int) -> tuple[int, float]:
    """(how many packets of a stream are to be shown, seconds that they span), read once more without decoding.

    One packet is taken to show for a second at most: two that lie years apart are no clip of years. Counting ends with
    the first packet over both limits of the config. Raises as `open_container` does.
    """
    num_packets, first_s, last_s = 0, math.inf, -math.inf
    # Not the clip's own log, which would hear everything twice.
    log = DecoderLog()
    with open_container(media, decoder_options(config), log) as container, log.listening():
        stream = container.streams[stream_index]
        with contextlib.suppress(av.error.FFmpegError):
            for packet in container.demux(stream):
                if not packet.size or packet.is_discard:
                    continue
                num_packets += 1
                time = packet.pts if packet.pts is not None else packet.dts
                if time is not None:
                    time_s = float(time * stream.time_base)
                    first_s, last_s = (
                        min(first_s, time_s),
                        max(last_s, time_s + float((packet.duration or 0) * stream.time_base)),
                    )
                if num_packets > config.max_decoded_frames and last_s - first_s > config.max_duration_s:
                    break
    return num_packets, min(max(0.0, last_s - first_s), float(num_packets))


def bad_input(reason: str, message: str, log: DecoderLog, error: Exception | None = None) -> BadInput:
    """The refusal of a clip, with the decoder's last lines, or else the error's own."""
    detail = log.stderr_tail()
    if not detail and error is not None:
        detail = str(getattr(error, "strerror", "") or error)
    return BadInput(reason, message, detail)


def absurd_memory(media: Media, log: DecoderLog, error: MemoryError) -> BadInput:
    """The refusal of a clip for which FFmpeg could not get memory. Raises the error itself if memory is really short.

    FFmpeg gives the same answer to a header that claims absurd sizes, and that is the clip's fault in every run.
    """
    try:
        bytearray(_ENOUGH_BYTES)
    except MemoryError:
        raise error from None
    message = f"{media.name}: a header in it claims more memory than there is; replace the file or leave it out"
    return bad_input("OUT_OF_MEMORY", message, log, error)


def _open_file(media: Media) -> BinaryIO:
    if media.path is None:
        return io.BytesIO(media.data or b"")
    try:
        return media.path.open("rb")
    except OSError as error:
        raise _unreadable(media, error) from error


def _open(file: _Nameless, media: Media, options: Mapping[str, str], log: DecoderLog, formats: str, kind: str) -> Any:
    picture_format = _picture_format(file, media, log) if media.is_pictures else None
    of_pictures = {"format_whitelist": picture_format, "framerate": f"{PICTURES_HZ:g}"} if picture_format else {}
    try:
        return av.open(
            file,
            mode="r",
            format=picture_format,
            options=dict(options),
            container_options={**_CONTAINER_OPTIONS, "format_whitelist": formats, **of_pictures},
            metadata_errors="replace",
        )
    except av.error.MemoryError as error:
        raise absurd_memory(media, log, error) from error
    except av.error.FFmpegError as error:
        message = (
            f"{media.name}: its {media.size_bytes} bytes do not open as a {kind} of a kind that is read here "
            f"({'JPEG, PNG' if picture_format else _shown(formats, kind)}); replace or convert it"
        )
        raise bad_input("OPEN_FAILED", message, log, error) from error


def _shown(formats: str, kind: str) -> str:
    """The formats that such media may be in, for people."""
    return ", ".join(name for name in formats.split(",") if kind != "video" or name not in _OF_SOUND_ALONE)


def _picture_format(file: _Nameless, media: Media, log: DecoderLog) -> str:
    begin = file.read(8)
    file.seek(0)
    found = next((name for start, name in _PICTURE_FORMATS.items() if begin.startswith(start)), "")
    if not found:
        message = f"{media.name}: its first picture is neither JPEG nor PNG; give pictures of one of these kinds"
        raise bad_input("OPEN_FAILED", message, log)
    return found


def _unreadable(media: Media, error: OSError) -> Transient:
    return Transient("MEDIA_UNREADABLE", f"{media.name} cannot be read: {error.strerror or error}; try again")
