"""Videos become persons' folders by the commands of the SyncTalk_2D scripts, and what is there is never made twice."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

LIMIT_S = 240
CLIP = "data/grid/s1_processed/bbaf2n.mpg"
STATE_FILES = {".preprocessing_metadata.json", ".training_state.json"}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "orchestrator.cli.main", *words]


def run(cwd: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(command(*words), cwd=cwd, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == code, (words, done.stdout[-2000:], done.stderr[-3000:])
    return done.stdout if "json" in words else done.stdout + done.stderr


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def digests(folder: Path) -> dict[str, str]:
    """Of all that is published, but for the files that hold times."""
    files = (p for p in folder.rglob("*") if p.is_file() and ".visemill" not in p.parts and p.name not in STATE_FILES)
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def place(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a real clip, as the document has it."""
    root = tmp_path_factory.mktemp("talker")
    (root / "my videos").mkdir()
    shutil.copy(testdata / CLIP, root / "my videos" / "bbaf2n.mpg")
    return root


@pytest.fixture(scope="module")
def person(place: Path) -> Iterator[Path]:
    """Preprocessed by the document's command. Its other trainer has written there before."""
    folder = place / "dataset" / "obama"
    folder.mkdir(parents=True)
    (folder / ".training_state.json").write_text('{"syncnet_training": {"epochs": 100}}')
    (folder / "obama.mp4").write_bytes(b"the video itself may lie there")
    words = ("--video_path", "my videos/bbaf2n.mpg", "--name", "obama", "--asr_model", "mel")
    run(place, "preprocess_data", *words)
    yield folder


def test_the_folder_is_as_the_document_has_it(person: Path) -> None:
    assert names(person / "full_body_img") == [f"{i:06d}.png" for i in range(75)]
    assert names(person / "landmarks") == [f"{i:06d}.pkl" for i in range(75)]
    frame = cv2.imread(str(person / "full_body_img" / "000000.png"))
    assert frame.shape == (288, 360, 3)
    with wave.open(str(person / "aud.wav")) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16000, 1, 2)
        assert sound.getnframes() == 75 * 640
    rows = np.load(person / "aud_mel.npy", allow_pickle=False)
    assert rows.shape[1:] == (512,) and abs(len(rows) - 75) <= 1
    assert (person / "obama.mp4").read_bytes() == b"the video itself may lie there"


def test_the_state_files_say_it_and_keep_what_others_wrote(person: Path, place: Path) -> None:
    state = json.loads((person / ".training_state.json").read_text())
    assert state["preprocessing"]["completed"] is True
    assert (state["preprocessing"]["frame_count"], state["preprocessing"]["landmark_count"]) == (75, 75)
    assert state["syncnet_training"] == {"epochs": 100}
    metadata = json.loads((person / ".preprocessing_metadata.json").read_text())
    assert (metadata["name"], metadata["asr_model"], metadata["fps"]) == ("obama", "mel", 25.0)
    assert metadata["video_path"] == str(place / "my videos" / "bbaf2n.mpg")


def test_what_is_there_is_never_made_twice_and_further_features_are_added(person: Path, place: Path) -> None:
    """The second model has random weights, which is said; no picture is written again."""
    before = {path: path.stat().st_mtime_ns for path in (person / "full_body_img").iterdir()}
    words = ("--video_path", "my videos/bbaf2n.mpg", "--name", "obama")
    assert "nothing to do" in run(place, "run", "talker", *words, "--asr_model", "mel")
    said = run(place, "run", "talker", *words, "--asr_model", "ave", "--skip_frames", "--skip_landmarks")
    assert "RANDOM_WEIGHTS" in said
    assert np.load(person / "aud_ave.npy", allow_pickle=False).shape[1:] == (512,)
    assert before == {path: path.stat().st_mtime_ns for path in (person / "full_body_img").iterdir()}
    assert "nothing to do" in run(place, "run", "talker", *words, "--asr_model", "mel")
    assert "0 problems" in run(place, "verify", "--output-root", "dataset", "--dataset", "obama")


@pytest.mark.parametrize("flags", [("--fps", "20"), ("--frame_format", "jpg")])
def test_other_settings_under_a_name_are_another_data_set(person: Path, place: Path, flags: tuple[str, ...]) -> None:
    del person
    words = ("--video_path", "my videos/bbaf2n.mpg", "--name", "obama", "--asr_model", "mel")
    said = run(place, "run", "talker", *words, *flags, code=78)
    assert "DATASET_CHANGED" in said and "--force" in said


def test_a_bad_video_of_a_list_costs_itself(place: Path, testdata: Path) -> None:
    """Four videos, each in a process of its own: that is why it takes long."""
    broken = place / "my videos" / "cut.mp4"
    broken.write_bytes((testdata / "data/talker/wda_000.mp4").read_bytes()[:1000])
    silent = place / "my videos" / "silent.mp4"
    shutil.copy(testdata / "data/sign/pose_test_video.mp4", silent)
    (place / "videos.txt").write_text(
        '# persons\r\n"my videos/bbaf2n.mpg" good\r\nnowhere/at/all.mp4 missing\r\n"my videos/cut.mp4" cut\r\n'
        '"my videos/silent.mp4" silent\r\n'
    )
    words = ("batch_preprocess", "--video_list", "videos.txt", "--asr_model", "mel", "--frame_format", "jpg")
    answer = json.loads(run(place, *words, "-o", "json", code=3))
    codes = {one["dataset"]: one["exit_code"] for one in answer["datasets"]}
    assert codes == {"good": 0, "missing": 3, "cut": 3, "silent": 3}
    reasons = {one["dataset"]: one.get("reasons") for one in answer["datasets"]}
    assert reasons["silent"] == {"NO_AUDIO": 1}
    assert not (place / "dataset" / "silent" / "full_body_img").exists()
    assert (place / "dataset" / "good" / "full_body_img" / "000074.jpg").is_file()


def test_a_run_that_is_killed_goes_on_and_gives_the_same_bytes(place: Path, person: Path) -> None:
    """Killed once pictures are being written: the folder shows none of them until all are there."""
    words = ("run", "talker", "--video_path", "my videos/bbaf2n.mpg", "--name", "killed", "--asr_model", "mel")
    folder = place / "dataset" / "killed"
    process = subprocess.Popen(
        command(*words), cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    until_s = time.monotonic() + LIMIT_S
    while not list(folder.glob(".visemill/staging/*/full_body_img/*")) and time.monotonic() < until_s:
        assert process.poll() is None, "it ended before a picture was staged"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (folder / "full_body_img").exists()
    run(place, *words)
    made, expected = digests(folder), digests(person)
    assert {name: made[name] for name in made if not name.endswith(".jsonl")} == {
        name: expected[name]
        for name in expected
        if not name.endswith(".jsonl") and name not in ("obama.mp4", "aud_ave.npy")
    }


def test_force_deletes_what_the_runs_wrote_and_nothing_else(place: Path) -> None:
    words = ("run", "talker", "--video_path", "my videos/bbaf2n.mpg", "--name", "killed", "--asr_model", "mel")
    folder = place / "dataset" / "killed"
    (folder / "notes.txt").write_text("mine")
    run(place, *words, "--frame_format", "jpg", "--force")
    assert names(folder / "full_body_img")[0] == "000000.jpg"
    assert not list((folder / "full_body_img").glob("*.png")) and (folder / "notes.txt").read_text() == "mine"


def test_a_check_writes_nothing(place: Path) -> None:
    words = ("--video_path", "my videos/bbaf2n.mpg", "--name", "checked", "--asr_model", "mel")
    assert "nothing was written" in run(place, "run", "talker", *words, "--check_only")
    assert not (place / "dataset" / "checked").exists()
