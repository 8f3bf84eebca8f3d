"""Frames of one open clip through PyAV (FFmpeg): pixels, times, caps, and what went wrong.

Pixels: FFmpeg's own conversion to rgb24 with its default (bilinear) flags, which is also OpenCV 5's. Pictures whose
pixels are not square are scaled (bicubic) in the same step until they are, as a player shows them.
Times: presentation times in stream order, which is the order of presentation (see times.py); they need not start at 0.
A cut before a key frame: what cannot be decoded before the first one is left out, and counted.
Errors: the stream ends at the first packet that the decoder refuses, as it does in OpenCV; frames that are still
inside the decoder then are dropped with it, and count as lost with all that follows. A frame counts as corrupt when the
decoder flags it (it concealed errors).
A mirrored display matrix is mirrored back, as players do and OpenCV does not: left and right are the person's own.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import av
import av.error

from services.base.media.arrays import UInt8Array
from services.base.media.clip import Media
from services.base.media.video import MAX_HOLES, DecodeFacts, VideoInfo
from services.containers.config import DecodeConfig
from services.containers.decoder_log import DecoderLog
from services.containers.opening import (
    absurd_memory,
    bad_input,
    declared_duration_s,
    decoder_options,
    hole_before_first,
    moving_streams,
    num_packets_behind,
    open_container,
    packets_of,
    video_stream,
)
from services.containers.packets import PacketCount, ThreadCounter, ends_in_mid_packet
from services.containers.picture import Picture
from services.containers.picture_digest import PictureDigest
from services.containers.sampling import is_behind
from services.containers.timeline import holes_of
from services.containers.times import FrameTimes, Ticks, in_decoding_order

_MAX_PACKETS_PER_FRAME = 4
# Frames of a stream that reorders which are decoded before the first is handed out, to see what its times mean; fewer
# where they are large.
_MAX_AHEAD, _LEAST_AHEAD, _AHEAD_PX = 10, 4, 32 << 20

_decoded = ThreadCounter()


def decoded_frames_total() -> int:
    """Frames that came out of a decoder in this process, delivered or not."""
    return _decoded.total


@contextmanager
def open_video(media: Media, config: DecodeConfig) -> Iterator[PyavVideo]:
    """An open clip, closed on every way out.

    Raises BadInput: EMPTY_FILE, OPEN_FAILED, NO_VIDEO_STREAM, UNSUPPORTED_CODEC, TOO_MANY_PIXELS, TOO_LONG, NO_FRAMES,
    OUT_OF_MEMORY; Transient MEDIA_UNREADABLE when the file itself cannot be read.
    """
    log = DecoderLog()
    with open_container(media, decoder_options(config), log) as container:
        with log.listening():
            video = PyavVideo(container, media, config, log)
        try:
            yield video
        finally:
            video.close()


class PyavVideo:
    """One open clip. info: of the frames as they will be delivered; the first frame is decoded already.

    Every call into it must happen inside `log.listening()`.
    """

    def __init__(self, container: Any, media: Media, config: DecodeConfig, log: DecoderLog) -> None:
        self.log = log
        self._media = media
        self._config = config
        self._stream = video_stream(container, media, config, log)
        self._num_video_streams = len(moving_streams(container))
        self._check_declared(container)
        self._packets = container.demux(self._stream)
        self._rate_hz = float(self._stream.average_rate or self._stream.guessed_rate or 0)
        self._times = FrameTimes(self._stream.time_base, self._rate_hz)
        self._ready: deque[Any] = deque()
        self._packet_count = PacketCount(self._stream.codec_context.name)
        self._num_lost = self._num_behind = 0
        self._format_name = container.format.name
        self._decoding_shift: int | None = None
        self._at_end = False
        self._num_frames = 0
        self._num_corrupt = self._num_interlaced = 0
        self._times_s: list[float] = []
        self._digest = PictureDigest()
        self._end_s: float | None = None
        self._truncated = self._ended_early = False
        self._first: Any | None = None
        self._first = self._next_frame()
        if self._first is None:
            self._refuse("NO_FRAMES", f"{media.name}: not one frame could be decoded; replace the file or leave it out")
        self._num_lost += self._packet_count.num_lost_before(self._first)
        self._hole_before = hole_before_first(container, self._stream, self._first)
        self._look_ahead(self._first)
        self._declared_s = declared_duration_s(container, self._stream)
        self._picture = Picture(self._first, self._stream, config.max_pixels, log)
        self.info = self._describe(container, self._first)

    def read(self) -> tuple[Any, float] | None:
        """The next decoded frame and its time in seconds, or None at the end. Raises BadInput over a cap."""
        if self._truncated or (self._is_full() and self._cut()):
            return None
        frame, self._first = self._first or self._next_frame(), None
        if frame is None:
            return None
        self._check_frame(frame)
        pts_s = self._next_time_s(frame)
        if self._is_behind_limit():
            self._truncated = True
            self._end_s = max(pts_s, self._last_shown_s())
            return None
        self._num_frames += 1
        self._num_corrupt += bool(frame.is_corrupt)
        self._num_interlaced += bool(frame.interlaced_frame)
        self._times_s.append(pts_s)
        with self._needs_rgb(frame):
            self._digest.add(frame)
        self._check_length()
        return frame, pts_s

    def pixels(self, frame: Any) -> UInt8Array:
        """A frame's RGB before rotation: a view, uint8 [h, w, 3] with padded rows, valid as long as it is held."""
        with self._needs_rgb(frame):
            return self._picture.rgb(frame)

    @contextmanager
    def _needs_rgb(self, frame: Any) -> Iterator[None]:
        try:
            yield
        except MemoryError:
            raise
        except (av.error.FFmpegError, ValueError) as error:
            self._refuse("UNSUPPORTED_PIXELS", f"{self._media.name}: no RGB from {frame.format.name}", error)

    def facts(self) -> DecodeFacts:
        """What is known so far; complete once `read` has returned None."""
        return DecodeFacts(
            num_frames=self._num_frames,
            num_corrupt=self._num_spoiled(),
            num_duplicate_pts=self._times.num_duplicates,
            truncated=self._truncated,
            ended_early=self._ended_early or self.log.damaged,
            warnings=self.log.lines(),
            num_decoded=self._num_frames,
            num_lost=self._num_lost + self._num_behind + self._num_swallowed(),
            num_derived_pts=self._times.num_derived,
            num_restarts=self._times.num_restarts,
            rate_hz=self._times.measured_rate_hz(),
            duration_s=self._measured_duration_s(),
            longest_step_s=self._times.longest_step_s(),
            num_hidden=self._packet_count.num_hidden,
            num_interlaced=self._num_interlaced,
            holes=(*self._hole_before, *holes_of(self._times_s))[:MAX_HOLES],
            frames_sha256=self._digest.hex(),
        )

    def _num_spoiled(self) -> int:
        """Frames that were flagged. Where transport streams are joined, the first packet of the next one is."""
        return max(self._num_corrupt, self._packet_count.num_corrupt - self._times.num_restarts)

    def _num_swallowed(self) -> int:
        """Packets of which no frame came, in a clip that is known to be damaged: others may have such for a reason."""
        is_damaged = self._num_spoiled() > 0 or self._ended_early or self.log.damaged
        if not is_damaged or not self._at_end or self._truncated or self._num_interlaced:
            return 0
        return self._packet_count.num_swallowed(self._num_out() + self._num_lost)

    def _measured_duration_s(self) -> float:
        """What lies behind the limit included."""
        duration_s = self._times.measured_duration_s(self._declared_s)
        return max(duration_s, self._end_s - self._times_s[0]) if self._end_s is not None else duration_s

    def _next_time_s(self, frame: Any) -> float:
        if self._decoding_shift is not None:
            return self._times.next_s(None, None if frame.dts is None else frame.dts + self._decoding_shift)
        pts_s = self._times.next_s(frame.pts, frame.dts, self._following_pts)
        if self._times.num_derived:
            self.log.note("some frames have no presentation time; theirs are derived")
        return pts_s

    def close(self) -> None:
        """Lets go of packets and frames, before the container is closed under them."""
        self._packets.close()
        self._ready.clear()
        self._first = None

    def _next_frame(self) -> Any | None:
        self._fill(1)
        return self._ready.popleft() if self._ready else None

    def _fill(self, num_frames: int) -> None:
        while len(self._ready) < num_frames and not self._at_end:
            self._ready.extend(self._decode_packet())
            self.log.drain()

    def _following_pts(self) -> int | None:
        self._fill(1)
        pts: int | None = self._ready[0].pts if self._ready else None
        return pts

    def _look_ahead(self, first: Any) -> None:
        """Whether the first frames' times are those of the order in which they are stored."""
        if not self._stream.codec_context.has_b_frames:
            return
        num_frames = max(_LEAST_AHEAD, min(_MAX_AHEAD, _AHEAD_PX // (first.width * first.height)))
        self._fill(min(num_frames, self._config.max_frames or num_frames) - 1)
        ticks: list[Ticks] = [(frame.pts, frame.dts) for frame in (first, *self._ready)]
        if in_decoding_order(ticks) and first.dts is not None:
            self._decoding_shift = (self._stream.start_time or 0) - first.dts

    def _decode_packet(self) -> list[Any]:
        try:
            return self._decoded_of_packet()
        except av.error.MemoryError as error:
            raise absurd_memory(self._media, self.log, error) from error
        except av.error.FFmpegError as error:
            if self._packet_count.awaits_key:
                return []
            self._end_with(error)
            return []

    def _decoded_of_packet(self) -> list[Any]:
        """Frames that the next packet brings out. Raises what FFmpeg raises."""
        packet = next(self._packets, None)
        if packet is None:
            self._finish()
            return []
        if packet.size:
            self._packet_count.add(packet)
            self._check_packets()
        frames = packet.decode()
        _decoded.add(len(frames))
        return list(frames)

    def _end_with(self, error: Exception) -> None:
        self._at_end = True
        self._ended_early = True
        self._count_rest()
        self.log.drain()
        self._check_pixels(self.log.largest_refused_px)
        if self._num_out() == 0:
            message = f"{self._media.name}: the decoder refuses the first frame; replace the file or leave it out"
            self._refuse("NO_FRAMES", message, error)

    def _count_rest(self) -> None:
        """Reads the packets that are left, so that they count as lost: as many as a clip may have frames."""
        with contextlib.suppress(av.error.FFmpegError):
            for packet in itertools.islice(self._packets, self._config.max_decoded_frames):
                if packet.size:
                    self._packet_count.add(packet)

    def _finish(self) -> None:
        self._at_end = True
        self.log.drain()
        self._ended_early = self.log.broke_off or ends_in_mid_packet(self._format_name, self._media.size_bytes)
        self._num_behind = num_packets_behind(self._media, self._format_name, self._packet_count.last_read)

    def _num_out(self) -> int:
        """Frames that have left the decoder, handed out or not."""
        return self._num_frames + len(self._ready) + (self._first is not None)

    def _is_full(self) -> bool:
        limit = self._config.max_frames
        return self._config.sampling != "steady" and 0 < limit <= self._num_frames

    def _is_behind_limit(self) -> bool:
        limit, target_hz = self._config.max_frames, self._config.target_fps
        if self._config.sampling != "steady" or not limit or self._times.elapsed_s * target_hz < limit - 0.5:
            return False
        return is_behind(self._times.elapsed_s, self._times.measured_rate_hz(), limit, target_hz)

    def _cut(self) -> bool:
        """Always; what there is behind the limit is looked at."""
        if self._goes_on():
            self._truncated = True
            self._end_s = self._last_shown_s()
        return True

    def _goes_on(self) -> bool:
        """Whether there is a frame behind the limit. Packets prove none: they may be hidden, or not to be decoded."""
        while not self._ready and not self._at_end:
            try:
                self._ready.extend(self._decoded_of_packet())
            except av.error.FFmpegError:
                self._at_end = True
            self.log.drain()
        return bool(self._ready)

    def _last_shown_s(self) -> float:
        """When the last frame behind the limit ends. Nothing is decoded: the times of packets tell."""
        last_s = max((float(f.pts * self._stream.time_base) for f in self._ready if f.pts is not None), default=0.0)
        while not self._at_end:
            try:
                packet = next(self._packets, None)
            except av.error.FFmpegError:
                break
            if packet is None:
                break
            if packet.size:
                self._packet_count.add(packet)
                self._check_packets()
            if packet.size and packet.pts is not None and not packet.is_discard:
                last_s = max(last_s, float((packet.pts + (packet.duration or 0)) * self._stream.time_base))
        self._at_end = True
        return last_s

    def _describe(self, container: Any, frame: Any) -> VideoInfo:
        width_px, height_px = self._picture.shown_px
        return VideoInfo(
            width_px=width_px,
            height_px=height_px,
            rotation_deg=self._picture.rotation_deg,
            fps_hz=self._rate_hz,
            num_frames_declared=max(0, self._stream.frames),
            duration_s=declared_duration_s(container, self._stream),
            codec=self._stream.codec_context.codec.canonical_name,
            pixel_format=frame.format.name,
            pixel_aspect=self._picture.aspect_text,
            stream_index=self._stream.index,
            num_video_streams=self._num_video_streams,
        )

    def _check_declared(self, container: Any) -> None:
        codec = self._stream.codec_context
        codec.thread_count = 1
        codec.thread_type = "NONE"
        codec.options = decoder_options(self._config)
        self.log.drain()
        self._check_pixels(max(codec.width * codec.height, self.log.largest_refused_px))
        if self._config.max_frames:
            return
        duration_s = declared_duration_s(container, self._stream)
        over_frames = self._stream.frames > self._config.max_decoded_frames
        if not over_frames and duration_s <= self._config.max_duration_s:
            return
        # A header may say anything: what it says is believed once the packets bear it out, which costs no decoding.
        num_packets, span_s = packets_of(self._media, self._config, self._stream.index)
        if over_frames and num_packets > self._config.max_decoded_frames:
            self._refuse_long(f"declares {self._stream.frames} frames", "max_decoded_frames")
        if duration_s > self._config.max_duration_s and span_s > self._config.max_duration_s:
            self._refuse_long(f"declares {duration_s:.3f} s", "max_duration_s")

    def _check_frame(self, frame: Any) -> None:
        self._check_pixels(frame.width * frame.height)
        expected = self._picture.coded_px
        if (frame.width, frame.height) != expected:
            self._refuse(
                "SIZE_CHANGED",
                f"{self._media.name}: frame {self._num_frames} is {frame.width}x{frame.height} px after frames of "
                f"{expected[0]}x{expected[1]}; a clip has one size, so split or re-encode it",
            )

    def _check_length(self) -> None:
        if self._config.max_frames and self._config.sampling != "steady":
            return
        if self._num_frames > self._config.max_decoded_frames:
            self._refuse_long(f"holds more than {self._config.max_decoded_frames} frames", "max_decoded_frames")
        if not self._config.max_frames and self._times.elapsed_s > self._config.max_duration_s:
            self._refuse_long(f"goes on for more than {self._config.max_duration_s} s", "max_duration_s")

    def _check_packets(self) -> None:
        # A few bytes of index can name the same undecodable bytes millions of times.
        if self._packet_count.num_packets > _MAX_PACKETS_PER_FRAME * self._config.max_decoded_frames:
            self._refuse_long(
                f"holds {self._packet_count.num_packets} packets for {self._num_out()} frames", "max_decoded_frames"
            )

    def _check_pixels(self, num_px: int) -> None:
        if num_px > self._config.max_pixels:
            self._refuse(
                "TOO_MANY_PIXELS",
                f"{self._media.name}: a frame of {num_px} pixels is over the limit of {self._config.max_pixels}; "
                "scale the video down, or raise the limit (--max-pixels)",
            )

    def _refuse_long(self, what: str, setting: str) -> NoReturn:
        limit, flag = getattr(self._config, setting), f"--{setting.replace('_', '-')}"
        self._refuse("TOO_LONG", f"{self._media.name}: {what}, the limit is {limit}; cut it, or raise {flag}")

    def _refuse(self, reason: str, message: str, error: Exception | None = None) -> NoReturn:
        raise bad_input(reason, message, self.log, error) from error
