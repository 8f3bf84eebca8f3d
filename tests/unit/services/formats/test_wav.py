"""A WAV file of 16-bit samples."""

import io
import wave

import numpy as np
import pytest

from services.formats.wav import wav_pieces

SAMPLES = np.random.default_rng(0).integers(-32768, 32768, 600_000).astype(np.int16)


@pytest.mark.parametrize("num_samples", [0, 1, 600_000])
def test_the_bytes_are_those_of_another_writer_and_the_header_has_44_of_them(num_samples: int) -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(SAMPLES[:num_samples].tobytes())
    pieces = list(wav_pieces(SAMPLES[:num_samples], 16_000))
    assert b"".join(pieces) == out.getvalue()
    assert len(out.getvalue()) == 44 + 2 * num_samples
    assert max(map(len, pieces)) <= 1 << 20


@pytest.mark.parametrize("samples", [SAMPLES[:8].astype(np.float32), SAMPLES[:8, None]])
def test_other_samples_are_refused(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"int16 \[T\]"):
        list(wav_pieces(samples, 16_000))
