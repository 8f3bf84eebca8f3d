"""Samples of one open clip through PyAV (FFmpeg): values, times, caps, and what went wrong.

Values: float32 as decoded, full scale at 1; whole numbers are divided by theirs. Nothing is clipped or normalised.
Times: by presentation times (see placement.py). What the container says is no part of the sound (an encoder's delay, an
edit list, padding at the end) is left out by FFmpeg.
Errors: a packet that the decoder refuses is counted and left out; its time is silence. The sound ends where the
container cannot be read on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import av
import av.error
import av.stream
import numpy as np

from services.base.media.arrays import Float32Array
from services.base.media.audio import AudioInfo
from services.base.media.clip import Media
from services.containers.audio.config import MAX_RATE_HZ, MIN_RATE_HZ, AudioConfig
from services.containers.audio.placement import Placement
from services.containers.audio.samples import to_float32
from services.containers.decoder_log import DecoderLog
from services.containers.opening import absurd_memory, bad_input, declared_duration_s, open_container, read_alone
from services.containers.packets import ends_in_mid_packet

# Kinds that hold sound alone, beside those that may hold video.
SOUND_FORMATS = "aac,aiff,au,caf,w64"
MAX_CHANNELS = 64
_SILENCE_SAMPLES = 65_536
# Packets without one sample between them: a few bytes of index can name the same undecodable bytes millions of times.
_MAX_EMPTY_PACKETS = 10_000
_SECONDARY = (
    av.stream.Disposition.comment
    | av.stream.Disposition.hearing_impaired
    | av.stream.Disposition.visual_impaired
    | av.stream.Disposition.karaoke
)


@contextmanager
def open_sound(media: Media, config: AudioConfig) -> Iterator[PyavSound]:
    """The sound of a clip, closed on every way out.

    Raises BadInput: EMPTY_FILE, OPEN_FAILED, NO_AUDIO_STREAM, UNSUPPORTED_CODEC, UNSUPPORTED_RATE, TOO_MANY_CHANNELS,
    NO_SAMPLES, OUT_OF_MEMORY; Transient MEDIA_UNREADABLE when the file itself cannot be read.
    """
    log = DecoderLog()
    with open_container(media, {}, log, also=SOUND_FORMATS, kind="sound") as container:
        with log.listening():
            sound = PyavSound(container, media, config, log)
        try:
            yield sound
        finally:
            sound.close()


def audio_stream(container: Any, media: Media, log: DecoderLog) -> Any:
    """The stream to decode: of those with a decoder the default one, else one that is no commentary, else that of most
    channels; the first of equals. Packets of the others are left unread.

    Raises BadInput NO_AUDIO_STREAM or UNSUPPORTED_CODEC.
    """
    sounds = list(container.streams.audio)
    if not sounds:
        kinds = ", ".join(sorted({s.type for s in container.streams}))
        message = f"{media.name}: no audio stream in it, only {kinds or 'nothing'}; give a file with sound"
        raise bad_input("NO_AUDIO_STREAM", message, log)
    return read_alone(container, sounds, _rank, "sound", media, log)


def _rank(stream: Any) -> tuple[bool, bool, int]:
    is_default = bool(stream.disposition & av.stream.Disposition.default)
    return is_default, not stream.disposition & _SECONDARY, stream.codec_context.channels


class PyavSound:
    """The sound of one open clip, at its own rate and with its own channels. The first frame is decoded already.

    Every call into it must happen inside `log.listening()`.
    """

    def __init__(self, container: Any, media: Media, config: AudioConfig, log: DecoderLog) -> None:
        self.log = log
        self._media = media
        self._config = config
        self._stream = audio_stream(container, media, log)
        codec = self._stream.codec_context
        codec.thread_count = 1
        codec.thread_type = "NONE"
        self._packets = container.demux(self._stream)
        self._format_name = container.format.name
        self._ready: deque[Any] = deque()
        # Seconds that the last packet lasts, where its container tells how much of it is padding.
        self._last_packet_s = 0.0
        self._at_end = False
        self._num_empty = 0
        self.ended_early = False
        self.num_corrupt = self.num_decoded = self.num_clipped = self.num_not_finite = 0
        self.peak = 0.0
        self._num_placed = 0
        self._first: Any | None = self._next_frame()
        if self._first is None:
            self._refuse(
                "NO_SAMPLES", f"{media.name}: not one sample could be decoded; replace the file or leave it out"
            )
        self.rate_hz: int = self._first.sample_rate
        self.num_channels: int = self._first.layout.nb_channels
        self._check_kind()
        self.placement = Placement(self.rate_hz, self._first.time_base or self._stream.time_base)
        self.info = self._describe(container)

    def read(self) -> Iterator[Float32Array] | None:
        """The next samples in bounded pieces, float32 [T, C], silence before them included; None at the end.

        Raises BadInput over a cap, or where rate or channels change.
        """
        frame, self._first = self._first or self._next_frame(), None
        if frame is None:
            return None
        self._check_same(frame)
        samples_TC = self._values(frame)
        place = self.placement.place(frame.pts, len(samples_TC))
        samples_TC = samples_TC[place.num_skipped :]
        self._num_placed += place.num_silent + len(samples_TC)
        if self._num_placed > self._config.max_duration_s * self.rate_hz:
            self._refuse(
                "TOO_LONG",
                f"{self._media.name}: its sound goes on for more than {self._config.max_duration_s:g} s; cut it, or "
                "raise --max-duration-s",
            )
        return self._with_silence(place.num_silent, samples_TC)

    def close(self) -> None:
        """Lets go of packets and frames, before the container is closed under them."""
        self._packets.close()
        self._ready.clear()
        self._first = None

    def _with_silence(self, num_silent: int, samples_TC: Float32Array) -> Iterator[Float32Array]:
        while num_silent > 0:
            num = min(num_silent, _SILENCE_SAMPLES)
            yield np.zeros((num, self.num_channels), np.float32)
            num_silent -= num
        if len(samples_TC):
            yield samples_TC

    def _values(self, frame: Any) -> Float32Array:
        samples_TC = to_float32(frame.to_ndarray(), frame.format.name, self.num_channels)
        if self._at_end and not self._ready and not self.ended_early and self._last_packet_s > 0:
            samples_TC = samples_TC[: max(1, round(self._last_packet_s * self.rate_hz))]
        self.num_decoded += len(samples_TC)
        is_finite = np.isfinite(samples_TC)
        if not is_finite.all():
            self.num_not_finite += int(samples_TC.size - is_finite.sum())
            samples_TC = np.where(is_finite, samples_TC, np.float32(0))
        loudness = np.abs(samples_TC)
        # The largest whole number is a little less than full scale.
        self.num_clipped += int((loudness >= _full_scale(frame.format.name)).sum())
        self.peak = max(self.peak, float(loudness.max(initial=0)))
        return samples_TC

    def _next_frame(self) -> Any | None:
        """One more is decoded than is handed out, so that the last one is known for it."""
        while len(self._ready) < 2 and not self._at_end:
            self._decode_packet()
            self.log.drain()
        return self._ready.popleft() if self._ready else None

    def _decode_packet(self) -> None:
        try:
            packet = next(self._packets, None)
        except av.error.MemoryError as error:
            raise absurd_memory(self._media, self.log, error) from error
        except av.error.FFmpegError:
            self._at_end = self.ended_early = True
            return
        if packet is None:
            self._at_end = True
            self.log.drain()
            self.ended_early = self.log.broke_off or ends_in_mid_packet(self._format_name, self._media.size_bytes)
            return
        if packet.size and "mp4" in self._format_name:
            self._last_packet_s = float((packet.duration or 0) * packet.time_base)
        frames = self._decoded(packet)
        self._ready.extend(frames)
        self._num_empty = 0 if frames else self._num_empty + 1
        if self._num_empty > _MAX_EMPTY_PACKETS:
            self._at_end = self.ended_early = True

    def _decoded(self, packet: Any) -> list[Any]:
        try:
            frames = [frame for frame in packet.decode() if frame.samples]
        except av.error.MemoryError as error:
            raise absurd_memory(self._media, self.log, error) from error
        except av.error.FFmpegError:
            self.num_corrupt += 1
            return []
        self.num_corrupt += bool(packet.is_corrupt) or any(frame.is_corrupt for frame in frames)
        return frames

    def _check_kind(self) -> None:
        if not MIN_RATE_HZ <= self.rate_hz <= MAX_RATE_HZ:
            self._refuse(
                "UNSUPPORTED_RATE",
                f"{self._media.name}: {self.rate_hz} samples a second are not from {MIN_RATE_HZ} to {MAX_RATE_HZ}; "
                "resample it",
            )
        if self.num_channels > MAX_CHANNELS:
            self._refuse(
                "TOO_MANY_CHANNELS",
                f"{self._media.name}: {self.num_channels} channels are over the limit of {MAX_CHANNELS}; mix it down",
            )

    def _check_same(self, frame: Any) -> None:
        for reason, what, found, expected in (
            ("RATE_CHANGED", "samples a second", frame.sample_rate, self.rate_hz),
            ("CHANNELS_CHANGED", "channels", frame.layout.nb_channels, self.num_channels),
        ):
            if found != expected:
                self._refuse(
                    reason,
                    f"{self._media.name}: {found} {what} after {expected}, "
                    f"{self._num_placed / self.rate_hz:.3f} s into it; a clip has one kind of sound, so split or "
                    "re-encode it",
                )

    def _describe(self, container: Any) -> AudioInfo:
        frame: Any = self._first
        start_s = float(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base else 0.0
        return AudioInfo(
            sample_rate_hz=self._config.sample_rate_hz or self.rate_hz,
            num_channels=self._config.channels or self.num_channels,
            codec=self._stream.codec_context.codec.canonical_name,
            sample_format=frame.format.name,
            source_rate_hz=self.rate_hz,
            source_channels=self.num_channels,
            start_s=start_s,
            duration_s=declared_duration_s(container, self._stream),
            stream_index=self._stream.index,
            num_audio_streams=len(container.streams.audio),
        )

    def _refuse(self, reason: str, message: str, error: Exception | None = None) -> NoReturn:
        raise bad_input(reason, message, self.log, error) from error


def _full_scale(sample_format: str) -> float:
    return {"u8": 127 / 128, "s16": 32767 / 32768}.get(sample_format.removesuffix("p"), 1.0)
