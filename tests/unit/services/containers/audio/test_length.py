"""How many samples a sound has: by its header where that is to be trusted, else by counting."""

import io
import struct
import wave
from fractions import Fraction

import av
import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.audio import AudioInfo
from services.base.media.clip import Media
from services.containers.audio import length
from services.containers.audio.length import measured

RATE_HZ, NUM = 16_000, 20_001


def wav(num=NUM, channels=2, width=3) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(RATE_HZ)
        file.writeframes(bytes(channels * width * num))
    return out.getvalue()


def encoded(kind: str, codec: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=kind) as file:
        stream = file.add_stream(codec, rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, NUM), np.int16), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return out.getvalue()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was counted by decoding."""
    seen: list[int] = []
    count = length._counted
    monkeypatch.setattr(length, "_counted", lambda sound: seen.append(count(sound)) or seen[-1])
    return seen


@pytest.mark.parametrize("data", [wav(), wav(width=2, channels=1), encoded("flac", "flac")])
def test_a_header_is_trusted_of_plain_samples_and_of_flac(data: bytes, counted: list[int]) -> None:
    assert measured(Media.of_bytes("x", data))[0] == NUM
    assert counted == []


@pytest.mark.parametrize(("kind", "codec"), [("mp3", "libmp3lame"), ("ogg", "libopus"), ("matroska", "flac")])
def test_others_are_counted(kind: str, codec: str, counted: list[int]) -> None:
    num, info = measured(Media.of_bytes("x", encoded(kind, codec)))
    assert abs(num * RATE_HZ / info.source_rate_hz - NUM) <= 1200
    assert counted == [num] or info.codec == "flac"


def test_a_header_that_promises_more_than_there_is_is_not_believed() -> None:
    whole = bytearray(wav(channels=1, width=2))
    place = bytes(whole).index(b"data") + 4
    whole[place : place + 4] = struct.pack("<I", 2 * NUM * 5)
    assert measured(Media.of_bytes("x.wav", bytes(whole)))[0] == NUM


@pytest.mark.parametrize(
    ("codec", "channels", "size_bytes", "is_trusted"),
    [
        ("pcm_s16le", 1, 2 * NUM + 44, True),
        ("pcm_s16le", 1, 2 * NUM - 1, False),
        ("pcm_s24le", 2, 6 * NUM, True),
        ("pcm_f32le", 2, 6 * NUM, False),
        ("pcm_alaw", 1, NUM, True),
        ("flac", 1, 100, True),
        ("mp3", 1, 10 * NUM, False),
    ],
)
def test_plain_samples_are_trusted_where_the_file_has_room_for_them(
    codec: str, channels: int, size_bytes: int, is_trusted: bool
) -> None:
    info = AudioInfo(RATE_HZ, channels, codec, "s16", RATE_HZ, channels)
    assert length._is_trusted(info, NUM, size_bytes) == is_trusted


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(BadInput):
        measured(Media.of_bytes("x.wav", b""))
