"""The frames of one clip that its record needs: the first few, in memory while they fit a budget, else in a file.

The rule: `max_frames * height * width * 3` bytes up to BUDGET_BYTES lie in one array, which the next clip of the same
size reuses; more goes to a temporary file without a name (in TMPDIR) and is mapped for reading, so that the kernel may
drop its pages. Frames past max_frames are not kept at all.
"""

from __future__ import annotations

import tempfile
from typing import IO, Any

import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import UInt8Array
from services.base.process.scratch import no_scratch_space

BUDGET_BYTES = 256 << 20


class KeptFrames:
    """One clip at a time: `begin`, `add` its frames in order, then read `frames_THWC`."""

    def __init__(self, max_frames: int, budget_bytes: int = BUDGET_BYTES) -> None:
        self._max_frames = max_frames
        self._budget_bytes = budget_bytes
        self._buffer: UInt8Array | None = None
        self._file: IO[bytes] | None = None
        self._shape: tuple[int, ...] | None = None
        self._num_frames = 0

    def begin(self) -> None:
        """Forgets the last clip; the array stays for the next one."""
        if self._file is not None:
            self._file.close()
        self._file, self._shape, self._num_frames = None, None, 0

    def add(self, frames_THWC: UInt8Array) -> UInt8Array:
        """Keeps what still has room and returns it, as it came. Raises BadInput when the frames change size."""
        if self._shape is None:
            self._start(frames_THWC.shape[1:])
        elif frames_THWC.shape[1:] != self._shape:
            raise BadInput(
                "FRAME_SIZE_CHANGED",
                f"frame {self._num_frames} is {frames_THWC.shape[2]}x{frames_THWC.shape[1]} px, the ones before are "
                f"{self._shape[1]}x{self._shape[0]}: encode the clip again at one size",
            )
        kept_THWC = frames_THWC[: self._max_frames - self._num_frames]
        if self._file is not None:
            _write(self._file, kept_THWC)
        elif self._buffer is not None:
            self._buffer[self._num_frames : self._num_frames + len(kept_THWC)] = kept_THWC
        self._num_frames += len(kept_THWC)
        return kept_THWC

    @property
    def frames_THWC(self) -> UInt8Array:
        """uint8 [T, H, W, 3], valid until `begin`. Raises BadInput when no frame came."""
        if self._shape is None or self._num_frames == 0:
            raise BadInput("NO_FRAMES", "the clip has no frames: there is nothing to crop")
        if self._file is not None:
            self._file.flush()
            return np.memmap(self._file, np.uint8, "r", shape=(self._num_frames, *self._shape))
        assert self._buffer is not None
        return self._buffer[: self._num_frames]

    def _start(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        full = (self._max_frames, *shape)
        if int(np.prod(full, dtype=np.int64)) > self._budget_bytes:
            self._buffer = None
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives until the next clip begins
        elif self._buffer is None or self._buffer.shape != full:
            # Pages are touched as frames come: a short clip costs its own length only.
            self._buffer = np.empty(full, np.uint8)


def _write(file: IO[bytes], frames_THWC: Any) -> None:
    # Written and not stored through a map: a full disk is then an error, and not a signal that kills the process.
    try:
        file.write(np.ascontiguousarray(frames_THWC).data)
    except OSError as error:
        raise no_scratch_space(error, "frames") from error
