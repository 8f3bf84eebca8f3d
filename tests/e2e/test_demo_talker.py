"""`make demo-talker` in short: its own lines, from a drawn speaker to a head that is tested, and its page."""

import json
import math
import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
FILM_S = 7
_SHORT = {
    "DEMO_TALKER_CORPUS_FLAGS": "--seconds 12 --clips 1",
    "DEMO_TALKER_SYNCNET_FLAGS": "--preset cpu --width 0.125 --num-epochs 1 --num-threads 1",
    "DEMO_TALKER_UNET_FLAGS": "--preset cpu --width 0.125 --num-epochs 1 --num-threads 1",
}


def recipe(folder: Path) -> list[str]:
    """The lines of the Makefile's target with this environment's programs, another folder and less of everything."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    match = re.search(r"^demo-talker:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert match
    lines = re.sub(r"^\t@?", "", match[1], flags=re.MULTILINE).replace("\\\n", "")
    defined = dict(re.findall(r"^(DEMO_TALKER_\w+) :?= (.*)$", text, re.MULTILINE))
    given = {**defined, **_SHORT, "BIN": str(Path(sys.executable).parent), "DEMO_TALKER": str(folder)}
    for _ in range(2):
        for name, value in given.items():
            lines = lines.replace(f"$({name})", value)
    assert "$(" not in lines
    return lines.splitlines()


def shorten(sound: Path) -> None:
    """A film of a few seconds shows what one of twelve does."""
    with wave.open(str(sound), "rb") as file:
        params, samples = file.getparams(), file.readframes(FILM_S * file.getframerate())
    with wave.open(str(sound), "wb") as file:
        file.setparams(params)
        file.writeframes(samples)


def test_a_drawn_speaker_becomes_a_head_that_is_tested(tmp_path: Path) -> None:
    """Takes a minute: a network learns to hear, another to paint."""
    demo = tmp_path / "demo"
    *lines, judged = recipe(demo)
    for line in lines:
        subprocess.run(["/bin/sh", "-c", line], check=True, cwd=ROOT)
        if "demo-corpus" in line:
            for name in ("other-sentences.wav", "other-voice.wav"):
                shorten(demo / "corpus" / name)

    quality = json.loads((demo / "dataset" / "talker" / "quality.jsonl").read_text(encoding="utf-8"))
    assert (quality["num_frames"], quality["num_usable"], quality["crop_outside_share"]) == (300, 300, 0.0)
    paint = json.loads((demo / "paint.json").read_text(encoding="utf-8"))
    assert math.isfinite(paint["follows_db"]["db"]) and math.isfinite(paint["gain_db"]["db"])

    films = {path.name: path.stat().st_size for path in (demo / "films").iterdir()}
    assert set(films) == {"own.mp4", "other.mp4", "speech.mp4", "voice.mp4"} and min(films.values()) > 10_000

    # So little learns nothing, which the last line has to say.
    done = subprocess.run(["/bin/sh", "-c", judged], check=False, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert "NOT REACHED: the mouth may not follow the sound" in done.stdout
    page = (demo / "report.html").read_text(encoding="utf-8")
    assert "not reached" in page and "mouth for its own sound above that for another" in page
    assert "Into a silence" in page and page.count("<video") == 4
