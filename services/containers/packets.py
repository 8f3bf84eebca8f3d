"""Counts of packets, and what they tell of frames that never come out of the decoder."""

from __future__ import annotations

import threading
from typing import Any

_NO_TICKS = -(1 << 62)
# Sizes of a transport stream's packets: plain, with a time, with check bytes.
_TRANSPORT_BYTES = (188, 192, 204)


class ThreadCounter:
    """A count that threads add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.total = 0

    def add(self, num: int) -> None:
        with self._lock:
            self.total += num


class PacketCount:
    """Packets of one clip's video stream, in the order in which they are read.

    num_packets: with bytes. num_hidden: those of them that the container says are not to be shown. num_corrupt: those
    that the demuxer flags: transport streams do where packets before them are missing. last_read: place in the file of
    the last one.
    """

    def __init__(self, codec: str) -> None:
        self._is_vp8 = codec == "vp8"
        self._before_key: list[int] = []
        self._key_seen = False
        self._num_without_picture = 0
        self.num_packets = 0
        self.num_hidden = 0
        self.num_corrupt = 0
        self.last_read = 0

    def add(self, packet: Any) -> None:
        """packet: PyAV's, with bytes."""
        self.num_packets += 1
        self.last_read = max(self.last_read, packet.pos or 0)
        self.num_hidden += bool(packet.is_discard)
        self.num_corrupt += bool(packet.is_corrupt)
        # VP8 has packets that only later ones refer to: the fifth bit of a packet tells.
        self._num_without_picture += self._is_vp8 and not packet.is_discard and not memoryview(packet)[0] & 0x10
        self._key_seen = self._key_seen or packet.is_keyframe
        if not self._key_seen and not packet.is_discard:
            ticks = packet.pts if packet.pts is not None else packet.dts
            self._before_key.append(_NO_TICKS if ticks is None else ticks)

    @property
    def awaits_key(self) -> bool:
        """Whether there were packets to show, and none of them a key frame."""
        return bool(self._before_key) and not self._key_seen

    def num_lost_before(self, first: Any) -> int:
        """How many precede the first frame that was decoded, and cannot be."""
        if first.pts is None:
            return len(self._before_key) if first.key_frame else 0
        return sum(ticks < first.pts for ticks in self._before_key)

    def num_swallowed(self, num_frames: int) -> int:
        """Packets with a picture over the frames that there are or whose loss is known. Fields come two to a frame: not
        for interlaced streams.
        """
        return max(0, self.num_packets - self.num_hidden - self._num_without_picture - num_frames)


def ends_in_mid_packet(format_name: str, size_bytes: int) -> bool:
    """Whether a transport stream was cut, which its reader does not say."""
    return format_name == "mpegts" and all(size_bytes % each for each in _TRANSPORT_BYTES)
