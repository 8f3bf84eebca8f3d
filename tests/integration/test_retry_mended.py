"""`retry` takes in files that planning left out and that are fixed now: the bytes of a run over the fixed folder."""

import hashlib
import json
import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from orchestrator.cli.main import main

QUARANTINED = 3
FLAGS = ["--write-iv3-features", "--num-shards", "4", "--id", "7", "--workers", "1", "--quiet"]


def write_clip(path: Path, shade: int) -> None:
    path.parent.mkdir(exist_ok=True)
    with av.open(str(path), "w") as target:
        stream = target.add_stream("mpeg4", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for i in range(2):
            pixels = np.full((64, 64, 3), shade + 5 * i, np.uint8)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        target.mux(stream.encode())


def tree(folder: Path) -> dict[str, str]:
    """Digests of the published files."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".visemill" not in path.parts)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def commits(out: Path, run: str) -> dict[str, float]:
    """When each shard of a run says that it was made: worker seconds stand in its commit."""
    return {
        path.parent.name: json.loads(path.read_text())["seconds"]["wall"]
        for path in (out / ".visemill" / "runs" / run / "shards").glob("*/done.json")
    }


def claim(out: Path) -> str:
    return str(json.loads((out / ".visemill" / "output.json").read_text())["run"])


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over four clips, an empty file and one that is no video: to be copied."""
    root = tmp_path_factory.mktemp("before")
    for i, name in enumerate("abcd"):
        write_clip(root / "in" / f"{name}.mp4", 40 * i)
    (root / "in" / "empty.mp4").touch()
    assert main(["run", "sign", str(root / "in"), str(root / "out"), *FLAGS]) == QUARANTINED
    return root


@pytest.fixture
def run(before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same in place of the first, whose paths are pinned: put back at the end."""
    kept = tmp_path / "kept"
    shutil.copytree(before, kept)
    yield before
    shutil.rmtree(before)
    shutil.copytree(kept, before)


def test_an_empty_file_that_was_replaced_is_taken_in_and_the_other_shards_are_taken_over(run, tmp_path, capsys):
    """A retry, and a run over the fixed folder to compare with: each loads torch."""
    out, first = run / "out", claim(run / "out")
    write_clip(run / "in" / "empty.mp4", 200)
    assert main(["retry", "--output-root", str(out), "--workers", "1", "-o", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["finished"] and answer["quarantined"] == 0 and answer["records"]["train"] == 5
    assert claim(out) == answer["run"] != first
    then, now = commits(out, first), commits(out, answer["run"])
    assert len(now) == 4 and sum(then[shard] == now[shard] for shard in then) == 3
    assert "1 clip left out before and taken in now, the first empty.mp4" in answer["notes"][0]
    assert "takes over 3 of 4 shards" in answer["notes"][0]

    fresh = tmp_path / "fresh"
    assert main(["run", "sign", str(run / "in"), str(fresh), *FLAGS]) == 0
    assert tree(out) == tree(fresh)
    capsys.readouterr()
    assert main(["verify", "--output-root", str(out)]) == 0
    assert main(["retry", "--output-root", str(out)]) == 0
    assert "nothing to retry" in capsys.readouterr().out


def test_what_is_still_no_clip_is_told_and_changes_nothing(run, capsys):
    first, files = claim(run / "out"), tree(run / "out")
    assert main(["retry", "--output-root", str(run / "out")]) == QUARANTINED
    said = capsys.readouterr().out
    assert "1 file left out when it was planned, the first empty.mp4: fix them, and retry takes them in" in said
    assert (claim(run / "out"), tree(run / "out")) == (first, files)


def test_other_ways_of_making_files_are_refused_before_anything_is_changed(run, capsys):
    """The digest is that of another version of the stages."""
    (run_file,) = (run / "out").glob(".visemill/runs/*/run.json")
    (claim_file,) = (run / "out").glob(".visemill/output.json")
    digest = json.loads(run_file.read_text())["digest"]
    for file in (run_file, claim_file):
        file.write_text(file.read_text().replace(digest, "0" * 64))
    first = claim(run / "out")
    write_clip(run / "in" / "empty.mp4", 200)
    assert main(["retry", "--output-root", str(run / "out")]) == 78
    assert "MADE_OTHERWISE" in capsys.readouterr().err
    assert claim(run / "out") == first
