"""Sign clips give the same bytes with keypoints, features, tables, labels and verdicts, whatever happens on the way."""

import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

pytestmark = pytest.mark.slow

NUM_KILLS = 10
FLAGS: list[object] = [
    *("--write-keypoints", "--write-iv3-features", "--target-fps", 6, "--label-from", "folder", "--occ-enable"),
    *("--num-shards", 3, "--quiet"),
]


def cut(source: Path, target: Path, first: int, count: int) -> None:
    """A part of a real clip, encoded again."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with av.logging.Capture(), av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = written.add_stream("mpeg4", rate=30)
        stream.bit_rate, stream.pix_fmt = 4_000_000, "yuv420p"
        stream.width, stream.height = read.streams.video[0].width, read.streams.video[0].height
        for i, frame in enumerate(read.decode(video=0)):
            if first <= i < first + count:
                plain = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")
                written.mux(stream.encode(plain))
        written.mux(stream.encode())


@pytest.fixture(scope="module")
def clips(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips of a second, and one that is none."""
    root = tmp_path_factory.mktemp("clips")
    for name, words in (("autsl_signer0_sample1000", ("bread", "rice")), ("pose_test_video", ("milk", "tea"))):
        for i, word in enumerate(words):
            cut(testdata / "data/sign" / f"{name}.mp4", root / word / f"{word}.mp4", 14 * i, 28)
        shutil.copyfile(root / words[0] / f"{words[0]}.mp4", root / words[1] / f"again {words[0]}.mp4")
    (root / "tea" / "broken.mp4").write_text("not a video")
    return root


@pytest.fixture(scope="module")
def whole(clips: Path, visemill: Any, tree_digest: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of a run by one worker without any cache."""
    out = tmp_path_factory.mktemp("whole") / "out"
    visemill.ok("run", "sign", clips, out, *FLAGS, "--workers", 1, "--no-artifact-cache", code=3)
    files = {path.suffix for path in out.iterdir()}
    assert {".npz", ".parquet", ".csv", ".json", ".jsonl"} <= files
    assert len((out / "labels.csv").read_text().splitlines()) == 7
    with np.load(out / "rice.npz") as arrays:
        assert arrays["X2048"].shape == (len(arrays["X"]), 2048) and arrays["mask"].any()
    digest: str = tree_digest(out)
    return digest


def test_two_workers_give_the_bytes_of_one(
    whole: str, clips: Path, visemill: Any, tree_digest: Any, tmp_path: Path
) -> None:
    visemill.ok("run", "sign", clips, tmp_path / "out", *FLAGS, "--workers", 2, code=3)
    assert tree_digest(tmp_path / "out") == whole


def test_ten_kills_and_resumes_give_the_bytes_of_an_uninterrupted_run(
    whole: str, clips: Path, visemill: Any, tree_digest: Any, killer_of: Any, tmp_path: Path
) -> None:
    draw, victims = random.Random("sign"), Counter[str]()
    for i in range(NUM_KILLS):
        killed = tmp_path / f"killed-{i}"
        words = ["run", "sign", "--input-root", clips, *FLAGS]
        killer = killer_of(visemill, words, killed, draw, victims)
        while victims.total() < NUM_KILLS and killer.life():
            pass
        visemill.ok(*killer.next_words(), code=3)
        assert tree_digest(killed) == whole
        if victims.total() >= NUM_KILLS:
            break
    assert victims.total() >= NUM_KILLS and victims["orchestrator"]
    assert visemill.ok("verify", "--output-root", killed)["problems"] == []
