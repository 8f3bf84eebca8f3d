"""How a clip's sound begins, as a WAV that browsers play."""

import wave

import numpy as np
import pytest

from services.audio.excerpt import RATE_HZ, main, write_excerpt
from services.base.errors import BadInput


@pytest.fixture
def stereo(tmp_path):
    """Two seconds of a tone, at 44.1 kHz in two channels."""
    path = tmp_path / "tone.wav"
    tone_T = np.sin(2 * np.pi * 440 * np.arange(88_200) / 44_100) * 16_000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(np.stack([tone_T, tone_T], axis=1).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize(("seconds", "expected"), [(0.5, 0.5), (15.0, 2.0)])
def test_so_much_of_it_as_was_asked_for(stereo, tmp_path, seconds, expected):
    out = tmp_path / "out.wav"
    assert write_excerpt(stereo, out, seconds) == pytest.approx(expected, abs=0.01)
    with wave.open(str(out)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        samples_T = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert len(samples_T) / RATE_HZ == pytest.approx(expected, abs=0.01)
    assert abs(int(samples_T[1000:7000].max()) - 16_000) < 200


def test_what_is_no_sound_is_refused(tmp_path, capsys):
    (tmp_path / "note.wav").write_text("a note")
    with pytest.raises(BadInput, match="OPEN_FAILED"):
        write_excerpt(tmp_path / "note.wav", tmp_path / "out.wav", 1.0)
    assert main([str(tmp_path / "note.wav"), str(tmp_path / "out.wav")]) == 3
    assert "OPEN_FAILED" in capsys.readouterr().err
    assert main([str(tmp_path / "none.wav"), str(tmp_path / "out.wav")]) == 3
    assert "give a file that can be read" in capsys.readouterr().err
    assert not (tmp_path / "out.wav").exists()
