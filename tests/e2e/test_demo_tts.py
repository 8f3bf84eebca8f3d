"""`make demo-tts`: its own lines make a corpus, a tokenizer and tiny networks, and run them."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


def recipe(folder: Path) -> list[str]:
    """The lines of the Makefile's target, with this environment's programs and another folder."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    match = re.search(r"^demo-tts:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert match
    lines = re.sub(r"^\t@?", "", match[1], flags=re.MULTILINE)
    lines = lines.replace("\\\n", "")
    # An interpreter's own folder has the commands of its environment.
    for name, value in (("$(BIN)", Path(sys.executable).parent), ("$(DEMO_TTS)", folder), ("$$", "$")):
        lines = lines.replace(name, str(value))
    return lines.splitlines()


def test_the_demo_runs_and_every_broken_line_has_its_reason(tmp_path: Path) -> None:
    """Takes half a minute: it runs what `make` runs, and each of five commands starts anew."""
    demo = tmp_path / "demo"
    for line in recipe(demo):
        subprocess.run(["/bin/sh", "-c", line], check=True, cwd=ROOT)
    out = demo / "out"
    quality = [json.loads(line) for line in (out / "quality.jsonl").open(encoding="utf-8")]
    assert len(quality) == 26
    assert {clip["language"] for clip in quality} == {"am", "en", "ja", "zh"}
    flags = {clip["key"]: set(clip["flags"]) for clip in quality}
    assert all("RANDOM_WEIGHTS" in found for found in flags.values())
    assert "CLIPPED" in flags["odd/loud"] and "SILENT" in flags["odd/silent"]
    reasons = Counter(json.loads(line)["reason"] for line in (out / "quarantine.jsonl").open(encoding="utf-8"))
    assert reasons == {
        "AUDIO_UNREADABLE": 2, "AUDIO_MISSING": 1, "NO_TEXT": 1, "DUPLICATE_ID": 1, "BAD_ID": 1, "BAD_JSON": 1,
        "TOO_SHORT": 1,
    }  # fmt: skip
    assert not any(clip.get("num_unknown") for clip in quality), "the tokenizer was trained on these texts"
    assert np.load(out / "text_ids" / "am" / "000.npy").size > 3
    report = (out / ".visemill" / "report.html").read_text(encoding="utf-8")
    assert report.count("<audio controls") == 4
    assert all(f"<h2>{title}</h2>" in report for title in ("Languages", "Speakers", "Lengths", "Worst clips"))
