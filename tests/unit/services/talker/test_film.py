"""A film holds its pictures, its sound, and what is said of it."""

from pathlib import Path

import av
import numpy as np
import pytest

from services.base.errors import BadConfig
from services.talker.film import open_film

SOUND = (8000 * np.sin(np.arange(16_000) / 4)).astype(np.int16)


def test_frames_and_sound_end_together(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with open_film(path, (65, 81), 20.0, SOUND, 16_000, metadata={"comment": "made so"}) as film:
        for i in range(20):
            film.add(np.full((65, 81, 3), 10 * i, np.uint8))
    with av.open(str(path)) as container:
        (video,), (sound,) = container.streams.video, container.streams.audio
        assert (video.frames, video.height, video.width, float(video.average_rate)) == (20, 64, 80, 20.0)
        assert abs(float(sound.duration * sound.time_base) - 1) < 0.1
        assert container.metadata["comment"] == "made so"


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as found, open_film(tmp_path / "no" / "f.mp4", (64, 80), 25.0, SOUND, 16_000):
        pass
    assert found.value.reason == "NOT_SAVED"
    with pytest.raises(BadConfig) as found, open_film(tmp_path / "f.mp4", (64, 80), 25.0, SOUND, 16_000, "mjpeg"):
        pass
    assert found.value.reason == "NO_CODEC"
