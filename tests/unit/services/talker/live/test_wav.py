"""Samples on standard input are raw, or those of a WAV whose length nobody knows yet."""

import io
import struct
import wave

import pytest

from services.base.errors import BadInput
from services.talker.live.wav import read_pcm

DATA = bytes(range(200)) * 40


def wav(rate_hz: int = 16_000, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((channels, width, rate_hz, 0, "NONE", ""))
        sound.writeframes(DATA)
    return file.getvalue()


class Trickle(io.RawIOBase):
    """A pipe that gives a byte at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 1))


@pytest.mark.parametrize("opened", [io.BytesIO, Trickle])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_a_wav_says_its_rate(opened: type, rate_hz: int) -> None:
    found_hz, pieces = read_pcm(opened(wav(rate_hz)))
    assert (found_hz, b"".join(pieces)) == (rate_hz, DATA)


def test_the_length_that_a_stream_says_is_not_believed_and_other_chunks_are_passed_over() -> None:
    head = wav()[:36] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"data" + struct.pack("<I", 0xFFFFFFFF)
    assert b"".join(read_pcm(io.BytesIO(head + DATA))[1]) == DATA


@pytest.mark.parametrize("data", [DATA, b"ab", b""])
def test_anything_else_is_raw_samples_at_16_khz(data: bytes) -> None:
    found_hz, pieces = read_pcm(io.BytesIO(data))
    assert (found_hz, b"".join(pieces)) == (16_000, data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (wav(channels=2), "2 channels of 16 bits"),
        (wav(width=1), "1 channels of 8 bits"),
        (wav()[:30], "ends before"),
        (wav()[:12] + wav()[36:], "before their format"),
        (b"RIFF\0\0\0\0AVI LIST", "form is b'AVI '"),
        (wav()[:12] + b"junk" + struct.pack("<I", 1 << 30), "chunk b'junk'"),
    ],
)
def test_a_wav_that_cannot_be_spoken_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=f"BAD_WAV: .*{says}"):
        read_pcm(io.BytesIO(data))
