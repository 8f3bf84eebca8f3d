"""npz files whose bytes are a function of the arrays alone, whatever Python writes them. Pure.

np.savez leaves the headers of its zip to the zipfile module, and those differ between 3.11.3 and 3.11.4. These are the
later ones': every entry in zip64's form, of 1 January 1980.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

_LOCAL, _CENTRAL, _END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_VERSION, _UNIX = 45, 3
_STORED, _DEFLATED = 0, 8
# 0:00 on 1 January 1980, the earliest that a zip can say.
_TIME, _DATE = 0, 0x21
_MODE = 0o600 << 16
_IN_EXTRA = 0xFFFFFFFF
_ZIP64 = 1


class _Member(io.RawIOBase):
    """Takes an entry as it is written. data: what is kept of it; crc and size_bytes: of the plain bytes."""

    def __init__(self, *, compressed: bool) -> None:
        self.data = bytearray()
        self.crc = self.size_bytes = 0
        self._deflate = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._compressed = compressed

    def write(self, data: Any) -> int:
        plain = memoryview(data).cast("B")
        self.crc = zlib.crc32(plain, self.crc)
        self.size_bytes += len(plain)
        self.data += self._deflate.compress(plain) if self._compressed else plain
        return len(plain)

    def end(self) -> None:
        if self._compressed:
            self.data += self._deflate.flush()


def encode_npz(arrays: Mapping[str, Any], *, compressed: bool) -> bytes:
    """The arrays in their order, as np.savez and np.savez_compressed write them. Names are ASCII.

    Raises ValueError for an array of objects, and for one of 4 GiB or more.
    """
    whole, central = bytearray(), bytearray()
    for key, array in arrays.items():
        name = f"{key}.npy".encode("ascii")
        member = _Member(compressed=compressed)
        np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
        member.end()
        if max(member.size_bytes, len(member.data), len(whole)) >= _IN_EXTRA:
            raise ValueError(f"the array {key!r} of {member.size_bytes} bytes makes an npz of 4 GiB or more: split it")
        method = _DEFLATED if compressed else _STORED
        extra = struct.pack("<HHQQ", _ZIP64, 16, member.size_bytes, len(member.data))
        common = struct.pack("<HHHHHL", _VERSION, 0, method, _TIME, _DATE, member.crc)
        central += _CENTRAL + struct.pack("<BB", _VERSION, _UNIX) + common
        central += struct.pack("<LL", len(member.data), member.size_bytes)
        central += struct.pack("<HHHHHLL", len(name), 0, 0, 0, 0, _MODE, len(whole)) + name
        whole += _LOCAL + common + struct.pack("<LLHH", _IN_EXTRA, _IN_EXTRA, len(name), len(extra)) + name + extra
        whole += member.data
    counts = struct.pack("<HHHHLLH", 0, 0, len(arrays), len(arrays), len(central), len(whole), 0)
    return bytes(whole + central + _END + counts)
