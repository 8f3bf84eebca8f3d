"""Sound as a WAV file of 16-bit samples, in pieces: the header of 44 bytes that all readers know, and samples. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

MEDIA_TYPE = "audio/wav"
_PCM, _SAMPLE_BYTES = 1, 2
_PIECE_SAMPLES = 1 << 19
# What the header's 32 bits can say, less the 36 bytes of it that they count.
_MOST_SAMPLES = ((1 << 32) - 1 - 36) // _SAMPLE_BYTES


def wav_pieces(samples_T: npt.NDArray[np.int16], sample_rate_hz: int) -> Iterator[bytes]:
    """The file's bytes, of one channel. samples_T: int16 [T].

    Raises ValueError for other samples, and for 4 GiB of them or more.
    """
    if samples_T.dtype != np.int16 or samples_T.ndim != 1 or len(samples_T) > _MOST_SAMPLES:
        raise ValueError(
            f"samples must be int16 [T], at most {_MOST_SAMPLES}, not {samples_T.dtype} {list(samples_T.shape)}"
        )
    num_bytes = _SAMPLE_BYTES * len(samples_T)
    form = struct.pack("<HHIIHH", _PCM, 1, sample_rate_hz, _SAMPLE_BYTES * sample_rate_hz, _SAMPLE_BYTES, 16)
    yield b"RIFF" + struct.pack("<I", 36 + num_bytes) + b"WAVEfmt " + struct.pack("<I", len(form)) + form
    yield b"data" + struct.pack("<I", num_bytes)
    for start in range(0, len(samples_T), _PIECE_SAMPLES):
        yield samples_T[start : start + _PIECE_SAMPLES].astype("<i2").tobytes()
