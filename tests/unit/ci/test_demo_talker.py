"""What `make demo-talker` believes, and which frames its page shows."""

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from demo_talker import Strip, Verdict, first_silence, loudness_of, page_of, strip


def share(value: float) -> dict[str, Any]:
    return {"share": value, "interval": [value - 0.03, value + 0.03]}


def sync(is_better: bool = True) -> dict[str, Any]:
    one = {"frames": share(0.9), "windows": share(0.97), "offsets_right": 8, "offsets": 8}
    return {"own": one, "permuted": one, "other": one, "is_better_than_chance": is_better}


def paint(follows_db: float, interval: list[float] | None) -> dict[str, Any]:
    scores = {name: {"db": 3.0, "interval": [2.5, 3.5]} for name in ("psnr", "mouth_psnr", "gain_db", "same_place_db")}
    return {"clips": ["a", "b"], **scores, "follows_db": {"db": follows_db, "interval": interval}}


@pytest.mark.parametrize(
    ("one", "other", "fault"),
    [
        (sync(), paint(0.4, [0.1, 0.7]), ""),
        (sync(), paint(0.4, [0.0, 0.7]), "the mouth may not follow the sound: own above another's by 0.40 dB (0.00 to"),
        (sync(), paint(0.4, None), "the mouth may not follow the sound"),
        (sync(False), paint(0.4, [0.1, 0.7]), "the SyncNet is at chance: 90.0% (87.0% to 93.0%) of voiced frames"),
    ],
)
def test_a_head_is_believed_where_its_interval_is_above_nothing(
    one: dict[str, Any], other: dict[str, Any], fault: str
) -> None:
    found = Verdict(one, other).faults()
    assert len(found) == bool(fault)
    assert "".join(found).startswith(fault)


def test_the_last_lines_have_the_figures() -> None:
    first, last = Verdict(sync(), paint(0.4, [0.1, 0.7])).lines()
    assert "90.0% (87.0% to 93.0%) of voiced frames" in first and "8 of 8 clips" in first
    assert "0.40 dB (0.10 to 0.70) for its own sound above another's, 2 clips" in last


def test_a_silence_behind_speech_is_found_by_its_sound(tmp_path: Path) -> None:
    samples = (8000 * np.sin(np.arange(4 * 16_000) / 5)).astype("<i2")
    samples[:8000] = samples[24_000:25_600] = samples[32_000:48_000] = 0
    with wave.open(str(tmp_path / "a.wav"), "w") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
    loud = loudness_of(tmp_path / "a.wav")
    assert loud.shape == (100,) and loud.max() == 1
    # Neither that in which it begins, nor the short one.
    assert first_silence(loud) == 50
    with pytest.raises(ValueError, match=r"no silence of 0\.4 s"):
        first_silence(np.ones(100))


def test_the_page_holds_its_pictures_and_links_its_films() -> None:
    picture = strip([np.zeros((64, 64, 3), np.uint8)] * 3, [0, 0.5, 1])
    page = page_of(
        Verdict(sync(), paint(-0.1, [-0.2, 0.1])),
        [Strip("Turn", "a <turn>", (("the end", picture),))],
        [("a.mp4", "b")],
    )
    assert picture in page and 'src="a.mp4"' in page and "a &lt;turn&gt;" in page
    assert "not reached" in page and "-0.10 dB (-0.20 to 0.10)" in page
    assert "http" not in page.replace('lang="en"', "")
