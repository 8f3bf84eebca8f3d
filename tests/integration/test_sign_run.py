"""`visemill run sign` over real clips and odd ones, from the command line to files that trainers read."""

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

from services.records.sign.files.validate import validate

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--write-keypoints", "--label-from", "folder", "--num-shards", "3"]
EXIT_QUARANTINED, EXIT_BAD_FILES = 3, 65


def visemill(*words: object) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "orchestrator.cli.main", *map(str, words)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)


def write_noise(path: Path) -> None:
    """A second in which nobody is to be seen."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=15)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for i in range(8):
            pixels = np.random.default_rng(i).integers(0, 40, (96, 128, 3), np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode())


def tree(folder: Path) -> dict[str, str]:
    """Digests of the published files."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".visemill" not in path.parts)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def clips(testdata, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for name in ("5", "7", "9"):
        (folder / name).mkdir()
    shutil.copy(testdata / "data/sign/pose_test_video.mp4", folder / "5" / "clip.MP4")
    shutil.copy(testdata / "data/sign/autsl_signer0_sample1000.mp4", folder / "7" / "clip.mp4")
    (folder / "9" / "text.mov").write_text("not a video")
    (folder / "9" / "empty.mkv").touch()
    write_noise(folder / "9" / "nobody.mp4")
    return folder


@pytest.fixture(scope="module")
def run(clips, tmp_path_factory) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    out = tmp_path_factory.mktemp("sign") / "out"
    yield out, visemill("run", "sign", clips, out, *FLAGS, "--workers", 1, "-o", "json")


def test_good_clips_are_written_and_each_odd_one_has_its_reason(run):
    out, done = run
    assert done.returncode == EXIT_QUARANTINED, done.stderr
    assert set(tree(out)) == {
        *(f"{name}.{kind}" for name in ("5__clip", "7__clip") for kind in ("npz", "parquet")),
        *("labels.csv", "glosses.csv", "meta.json", "quality.jsonl", "quarantine.jsonl"),
    }
    lines = [json.loads(line) for line in (out / "quarantine.jsonl").read_text().splitlines()]
    assert {line["media"]: line["reason"] for line in lines} == {
        "9/empty.mkv": "EMPTY_FILE",
        "9/nobody.mp4": "NO_PERSON",
        "9/text.mov": "OPEN_FAILED",
    }


def test_every_file_passes_the_validator_and_holds_a_person(run):
    for name, num_frames in (("5__clip", 30), ("7__clip", 22)):
        npz, table = run[0] / f"{name}.npz", run[0] / f"{name}.parquet"
        assert validate(npz.read_bytes(), table.read_bytes()) == []
        with np.load(npz) as arrays:
            assert arrays["X"].shape == (num_frames, 156)
            assert arrays["mask"][:, 67:].mean() > 0.9
            assert arrays["mask"][:, 46:67].any()
            np.testing.assert_array_equal(pq.read_table(table).column("3").to_numpy(), arrays["X"][:, 3])


def test_labels_have_a_row_a_clip(run):
    with (run[0] / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["gloss"], row["cat"], row["occluded"]) for row in rows] == [
        ("5__clip.npz", "5", "5", "0"),
        ("7__clip.npz", "7", "7", "0"),
    ]


def test_the_validator_is_part_of_verify_and_clips_made_again_are_the_same(run):
    out, _ = run
    done = visemill("verify", "--output-root", out, "--recompute", "100%", "-o", "json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["recomputed"], answer["problems"]) == (0, 2, []), done.stderr


def test_a_file_that_was_changed_is_named_with_the_rules_that_it_breaks_now(run, tmp_path):
    shutil.copytree(run[0], tmp_path / "out")
    npz = tmp_path / "out" / "7__clip.npz"
    with np.load(npz) as clip:
        arrays = dict(clip)
    arrays["X"][0, 0] = 7
    np.savez_compressed(npz, **arrays)
    (tmp_path / "out" / "5__clip.npz").unlink()
    done = visemill("verify", "--output-root", tmp_path / "out", "--state-root", run[0] / ".visemill", "-o", "json")
    problems = [(p["file"], p["problem"].partition(":")[0]) for p in json.loads(done.stdout)["problems"]]
    assert done.returncode == EXIT_BAD_FILES
    assert {name for name, _ in problems} == {npz.name, "7__clip.parquet", "5__clip.npz"} and len(problems) == 4
    assert {(npz.name, "OUT_OF_RANGE"), ("7__clip.parquet", "PARQUET_DIFFERS"), ("5__clip.npz", "gone")} < {*problems}
    inspected = visemill("inspect", npz)
    assert (inspected.returncode, "OUT_OF_RANGE" in inspected.stdout) == (EXIT_BAD_FILES, True)


def test_a_run_again_changes_nothing(run, clips):
    before = {path: path.stat().st_mtime_ns for path in run[0].glob("*")}
    done = visemill("run", "sign", "--input-root", clips, "--output-root", run[0], *FLAGS)
    assert "nothing to do" in done.stdout, done.stderr
    assert {path: path.stat().st_mtime_ns for path in run[0].glob("*")} == before


def test_two_workers_give_the_bytes_of_one(run, clips, tmp_path):
    done = visemill("run", "sign", clips, tmp_path / "out", *FLAGS, "--workers", 2)
    assert done.returncode == EXIT_QUARANTINED, done.stderr
    assert tree(tmp_path / "out") == tree(run[0])


def test_the_report_shows_the_skeletons(run, tmp_path):
    done = visemill("report", "--output-root", run[0], "--html", tmp_path / "report.html", "-o", "json")
    assert json.loads(done.stdout)["sheets"] == 2
    assert (tmp_path / "report.html").read_text().count("data:image/jpeg;base64,") == 2


def test_a_single_file_is_a_data_set_too(clips, tmp_path):
    out = tmp_path / "out"
    done = visemill("run", "sign", clips / "7" / "clip.mp4", out, "--write-keypoints", "--id", 4, "--disable-parquet")
    assert done.returncode == 0, done.stderr
    assert {name for name in tree(out) if not name.endswith((".json", ".jsonl"))} == {"clip.npz", "labels.csv"}
    assert (out / "labels.csv").read_text() == "file,gloss,cat,occluded\nclip.npz,4,4,0\n"


def test_labels_are_added_to_a_file_that_is_there(clips, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "labels.csv").write_text("file,gloss,cat\nolder.npz,1,1\nclip,9,9\n")
    words = ["run", "sign", clips / "7" / "clip.mp4", out, "--write-keypoints", "--id", 4, "--append", "--no-preview"]
    for _ in range(2):
        done = visemill(*words)
        assert done.returncode == 0, done.stderr
        assert (out / "labels.csv").read_text() == "file,gloss,cat,occluded\nclip.npz,4,4,0\nolder.npz,1,1,0\n"
