"""The drawn signer is a person to the models: pose and both hands are seen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from services.corpus.signer import sign_clip


def test_the_models_find_the_drawn_signer(tmp_path: Path) -> None:
    clip = tmp_path / "in" / "both" / "both_1.mp4"
    clip.parent.mkdir(parents=True)
    clip.write_bytes(sign_clip(0, "both", 1, num_frames=20))
    argv = [sys.executable, "-m", "orchestrator.cli.main", "run", "sign", str(clip.parents[1]), str(tmp_path / "out")]
    argv += ["--write-keypoints", "--label-from", "folder", "--num-shards", "1"]
    subprocess.run(argv, check=True, capture_output=True)
    (quality,) = (json.loads(line) for line in (tmp_path / "out" / "quality.jsonl").read_text().splitlines())
    assert quality["flags"] == []
    assert min(quality["person_share"], quality["left_hand_share"], quality["right_hand_share"]) > 0.9
