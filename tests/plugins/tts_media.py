"""Sound files that are right in many ways and wrong in many: real speech, encoded anew where a test needs it."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE_HZ = 16_000
NUM_S = 1.5
"""Of the speech that each good file holds."""

SAID = "I hate it."

CRASHES, HANGS = b"crash", b"hang"
"""What files begin with over which the decoder of `faulty_decoder` ends, or never ends."""

_FAULTY = f"""
import os, signal, sys, time
if "child" in sys.orig_argv:
    import av
    opened = av.open
    def faulty(file, *words, **named):
        head = file.read(5)
        file.seek(0)
        if head == {CRASHES!r}:
            os.kill(os.getpid(), signal.SIGSEGV)
        if head.startswith({HANGS!r}):
            time.sleep(3600)
        return opened(file, *words, **named)
    av.open = faulty
"""


def speech(testdata: Path, num_s: float = NUM_S) -> np.ndarray:
    """Samples of a speaker at RATE_HZ, float32 [T], full scale at 1."""
    with av.open(str(testdata / "data" / "speech" / "mid.wav")) as container:
        parts = [frame.to_ndarray().ravel() for frame in container.decode(audio=0)]
    return np.resize(np.concatenate(parts).astype(np.float32) / 32_768, int(num_s * RATE_HZ))


def encoded(
    samples_T: np.ndarray,
    container: str = "wav",
    codec: str = "pcm_s16le",
    rate_hz: int = RATE_HZ,
    channels: int = 1,
    *,
    video: bool = False,
    sound: bool = True,
) -> bytes:
    """A file with the samples, brought to the rate that it has."""
    file = io.BytesIO()
    layout = {1: "mono", 2: "stereo"}[channels]
    with av.logging.Capture(), av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=rate_hz, layout=layout) if sound else None
        if video:
            pictures: Any = output.add_stream("mpeg4", rate=25)
            pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
            for _ in range(25):
                output.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")))
            output.mux(pictures.encode(None))
        if stream is not None:
            size = stream.codec_context.frame_size or 1024
            resampler = av.AudioResampler(stream.codec_context.format.name, layout, rate_hz, size)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples_T[None]), "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
            for made in (*resampler.resample(frame), *resampler.resample(None)):
                output.mux(stream.encode(made))
            output.mux(stream.encode(None))
    return file.getvalue()


def good_files(testdata: Path) -> dict[str, bytes]:
    """By name, all of the same speech and length."""
    samples_T = speech(testdata)
    return {
        "plain.wav": encoded(samples_T),
        "layer3.mp3": encoded(samples_T, "mp3", "libmp3lame", 44_100),
        "opus.ogg": encoded(samples_T, "ogg", "libopus", 48_000),
        "aac.m4a": encoded(samples_T, "ipod", "aac", 44_100),
        "telephone.wav": encoded(samples_T, rate_hz=8_000),
        "stereo.wav": encoded(samples_T, rate_hz=48_000, channels=2),
        "deep.wav": encoded(samples_T, codec="pcm_s24le"),
        "float.wav": encoded(samples_T, codec="pcm_f32le"),
        "lossless.flac": encoded(samples_T, "flac", "flac"),
        "film.mp4": encoded(samples_T, "mp4", "aac", 44_100, video=True),
    }


def damaged_files(testdata: Path) -> dict[str, bytes]:
    """By name."""
    samples_T = speech(testdata)
    wav = encoded(samples_T, codec="pcm_f32le")
    not_finite = bytearray(wav)
    not_finite[-4000:-3996] = np.float32(np.nan).tobytes()
    return {
        "empty.wav": b"",
        "nan.wav": bytes(not_finite),
        "silent_film.mp4": encoded(samples_T, "mp4", "aac", video=True, sound=False),
        "picture.wav": b"\x89PNG\r\n\x1a\n" + bytes(2000),
        "words.wav": b"this is no sound\n" * 100,
        "header.wav": encoded(samples_T)[:40],
        "blip.wav": encoded(samples_T[:800]),
        "ten_minutes.flac": encoded(np.zeros(600 * RATE_HZ, np.float32), "flac", "flac"),
        "cut.mp4": encoded(samples_T, "mp4", "aac", 44_100)[:6000],
    }


def odd_files(testdata: Path) -> dict[str, bytes]:
    """By name, each whole: of samples that networks make nothing of, distorted, silent, over 36 s and over 100 s."""
    samples_T = speech(testdata)
    return {
        "vast.wav": encoded(samples_T * np.float32(1e34), codec="pcm_f32le"),
        "loud.wav": encoded(np.clip(samples_T * 40, -1, 1)),
        "silent.wav": encoded(np.concatenate([samples_T, np.zeros(3 * RATE_HZ, np.float32)])),
        "long.flac": encoded(speech(testdata, 36.6), "flac", "flac"),
        "longer.flac": encoded(speech(testdata, 120), "flac", "flac"),
        "crash.wav": CRASHES,
        "hang.wav": HANGS,
    }


def faulty_decoder(folder: Path) -> dict[str, str]:
    """The environment of a run whose decoder ends over some files, as a library of C may."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_FAULTY)
    return {"PYTHONPATH": str(folder)}


def halved(data: bytes) -> bytes:
    """The first half of a file, whose header claims the whole."""
    return data[: len(data) // 2]


def claims(data: bytes, num_bytes: int) -> bytes:
    """A WAV file whose header claims so many bytes of samples."""
    at = data.index(b"data") + 4
    return data[:at] + num_bytes.to_bytes(4, "little") + data[at + 4 :]
