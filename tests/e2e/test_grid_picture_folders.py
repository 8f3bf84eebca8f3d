"""Clips that are folders of pictures, beside videos of the same frames: on a disk, in an object store, and in every
command that reads a clip.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from orchestrator.pipelines.grid.pipeline import payloads
from services.base.store.open import open_store
from services.formats.example import decode_example

pytestmark = pytest.mark.slow

FLAGS = ["--num-shards", "1", "--workers", "1", "--quiet"]
STEM = "bbaf2n"
# Speaker -> how the pictures of its clip are named, and which part of the frame they show.
WHOLE, MOUTH = np.s_[:, :], np.s_[180:230, 130:230]
PICTURES = {
    "s2": ("{}.png", WHOLE),
    "s3": ("mouth_{:03d}.jpg", WHOLE),
    "s4": ("{}.png", MOUTH),
    "s5": ("frame-{:04d}.jpg", WHOLE),
}
MISSING = "s5/video/mpg_6000/bbaf2n/frame-0030.jpg"


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


def records(out: Path) -> dict[str, np.ndarray]:
    """Speaker -> frames of its record, uint8 [75, 50, 100, 3]."""
    found = {}
    for _, payload in payloads(open_store(out), "train-00000-of-00001.tfrecord"):
        features = decode_example(payload)
        pixels = np.frombuffer(features["frames"][0], np.uint8).reshape(75, 50, 100, 3)
        found[features["speaker_id"][0].decode()] = pixels
    return found


@pytest.fixture(scope="module")
def inputs(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VIPL's layout with one clip a speaker: the video, its frames as PNG and as JPEG, its mouths, and a hole."""
    root, source = tmp_path_factory.mktemp("pictures") / "in", testdata / "data" / "grid" / "s1_processed"
    with av.open(str(source / f"{STEM}.mpg")) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    for speaker in ("s1", *PICTURES):
        align = root / "GRID_align_txt" / speaker / "align" / f"{STEM}.align"
        align.parent.mkdir(parents=True)
        shutil.copy(source / "align" / f"{STEM}.align", align)
    (root / "s1/video/mpg_6000").mkdir(parents=True)
    shutil.copy(source / f"{STEM}.mpg", root / "s1/video/mpg_6000" / f"{STEM}.mpg")
    for speaker, (name, part) in PICTURES.items():
        folder = root / speaker / "video" / "mpg_6000" / STEM
        folder.mkdir(parents=True)
        for i, frame in enumerate(frames, 1):
            how = [cv2.IMWRITE_JPEG_QUALITY, 98] if name.endswith(".jpg") else []
            assert cv2.imwrite(str(folder / name.format(i)), frame[part], how)
        (folder / "Thumbs.db").write_bytes(b"no picture")
    (root / MISSING).unlink()
    return root


@pytest.fixture(scope="module")
def on_disk(here: Any, inputs: Path) -> tuple[Path, dict[str, Any]]:
    """The output of a run, and the answer."""
    out = inputs.parent / "out"
    return out, here.ok("run", "grid", "--input-root", inputs, "--output-root", out, *FLAGS, code=3)


def test_pictures_give_the_record_that_the_video_of_the_same_frames_gives(
    on_disk: tuple[Path, dict[str, Any]], json_lines: Callable[[Path], list[dict[str, Any]]]
) -> None:
    """Over twenty seconds on a loaded machine: the run, in a process that loads a detector."""
    out, answer = on_disk
    assert answer["reasons"] == {"NO_FACE": 1, "PICTURES_MISSING": 1}
    made = records(out)
    np.testing.assert_array_equal(made["s2"], made["s1"])
    assert np.abs(made["s3"].astype(int) - made["s1"]).mean() < 3
    flags = {line["key"]: line["flags"] for line in json_lines(out / "quality.jsonl")}
    assert "RATE_ASSUMED" not in flags["s1/bbaf2n"]
    assert all("RATE_ASSUMED" in flags[f"{speaker}/bbaf2n"] for speaker in ("s2", "s3"))
    left_out = {line["media"]: line["message"] for line in json_lines(out / "quarantine.jsonl")}
    assert "pictures of 100x50 px are mouths that were cropped before" in left_out["s4/video/mpg_6000/bbaf2n/"]
    assert "1 pictures are missing, of numbers 30," in left_out["s5/video/mpg_6000/bbaf2n/"]


def test_the_bytes_are_the_same_from_an_object_store_and_every_command_reads_such_clips(
    here_in: Any, s3_server: Any, inputs: Path, on_disk: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """Over twenty seconds: each command but one starts a process that loads a detector."""
    here, bucket = here_in(s3_server.environment()), s3_server.new_bucket()
    for path in sorted(inputs.rglob("*")):
        if path.is_file():
            s3_server.client().fput_object(bucket, f"copies/of/{path.relative_to(inputs)}", str(path))
    words = ["grid", "--input-root", f"s3://{bucket}/copies", "--output-root", tmp_path / "out", *FLAGS]
    planned = here.ok("plan", *words, "--deep", "--sample", "1", code=3)
    assert (planned["clips"], planned["leaks"]) == (4, [])
    assert [(p["path"], p["reason"]) for p in planned["problems"]] == [
        ("of/s5/video/mpg_6000/bbaf2n/", "PICTURES_MISSING")
    ]
    assert here.ok("run", *words, code=3)["reasons"] == on_disk[1]["reasons"]
    assert (
        files(tmp_path / "out")["train-00000-of-00001.tfrecord"] == files(on_disk[0])["train-00000-of-00001.tfrecord"]
    )

    finished = ["--output-root", tmp_path / "out"]
    assert here.ok("verify", *finished, "--recompute", "100%")["problems"] == []
    again = here.ok("reproduce", *finished, "--clip", "s2/bbaf2n", "--save", tmp_path / "made")
    made = decode_example(Path(list(again["saved"].values())[-1]).read_bytes())
    assert made["frames"] == [records(on_disk[0])["s1"].tobytes()]
    assert here.ok("report", *finished)["sheets"] > 0


def test_a_picture_that_is_added_is_taken_in_by_a_retry_and_one_that_changes_is_named(
    here: Any, inputs: Path, on_disk: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """Over twenty seconds: a retry in a process that loads a detector."""
    shutil.copytree(inputs.parent, tmp_path / "copy")
    root, out = tmp_path / "copy" / "in", tmp_path / "copy" / "out"
    for path in (out / ".visemill").rglob("*.json*"):
        path.write_bytes(path.read_bytes().replace(str(inputs.parent).encode(), str(root.parent).encode()))
    assert here.ok("resume", "--output-root", out, code=3)["nothing_to_do"]
    shutil.copy(root / MISSING.replace("0030", "0029"), root / MISSING)
    answer = here.ok("retry", "--output-root", out, "--workers", "1", code=3)
    assert answer["reasons"] == {"NO_FACE": 1}
    assert set(records(out)) == {"s1", "s2", "s3", "s5"}

    changed = root / "s2" / "video" / "mpg_6000" / STEM / "7.png"
    changed.write_bytes(changed.read_bytes())
    said = here.ok("retry", "--output-root", out, code=78)["error"]
    assert said["reason"] == "INPUT_CHANGED"
    assert "the first s2/video/mpg_6000/bbaf2n/: restore them" in said["message"]
    assert json.loads((out / "meta.json").read_text())["train_examples"] == 4
