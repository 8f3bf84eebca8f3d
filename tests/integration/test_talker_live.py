"""`visemill infer talker --audio_path -` says what comes on standard input, as it says a file of it."""

import io
import json
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

pytest.importorskip("onnx")

from talker_head import write_head, write_person

LIMIT_S = 120
SOUND = np.random.default_rng(4).normal(0, 3_000, 24_100).astype("<i2")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("live")
    write_head(root / "head")
    write_head(root / "whole", "hubert")
    write_person(root / "dataset" / "ada")
    (root / "said.wav").write_bytes(wav())
    (root / "consent.json").write_text('{"who": ["ada"], "what_for": "a test", "when": "2026-01-02"}')
    return root


def wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(SOUND.tobytes())
    return file.getvalue()


def said(place: Path, given: bytes, *words: str, code: int = 0) -> Any:
    argv = [sys.executable, "-m", "orchestrator.cli.main", "infer", "talker", "--name", "ada", *words, "-o", "json"]
    argv += ["--consent", "consent.json"]
    done = subprocess.run(argv, cwd=place, input=given, capture_output=True, timeout=LIMIT_S, check=False)
    assert done.returncode == code, done.stderr.decode()[-3000:]
    return json.loads(done.stdout) if code == 0 else done.stdout.decode() + done.stderr.decode()


def frames_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as film:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]).astype(int)


def test_a_pipe_is_spoken_as_a_file_is(place: Path) -> None:
    """Five processes one after another."""
    live = said(place, wav(), "--checkpoint", "head", "--audio_path", "-", "--out", "live.mp4")
    whole = said(place, b"", "--checkpoint", "head", "--audio_path", "said.wav", "--out", "whole.mp4")
    assert live["num_frames"] == whole["num_frames"] == 38
    assert 0 < live["first_frame_s"] < LIMIT_S
    found_THWC, expected_THWC = frames_of(place / "live.mp4"), frames_of(place / "whole.mp4")
    assert found_THWC.shape == (38, 96, 128, 3)
    # Both are encoded, with other settings; each frame is of another picture than the one before.
    assert 4 * np.abs(found_THWC - expected_THWC).mean() < np.abs(found_THWC[1:] - expected_THWC[:-1]).mean()


def test_what_needs_the_whole_sound_is_refused(place: Path) -> None:
    words = ("--audio_path", "-", "--checkpoint")
    assert "NOT_STREAMED" in said(place, SOUND.tobytes(), *words, "whole", code=78)
