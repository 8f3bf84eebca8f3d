"""Persons' folders of both layouts are the same data; what is missing or does not fit together is said."""

import json
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.base.errors import BadConfig, BadInput
from services.lips.talker_crop import CropBox
from services.training.data.talker.opening import PersonFolder, names_below, open_persons

NUM = 30


def person(
    root: Path, name: str, *, layout: str = "code", models: tuple[str, ...] = ("mel",), fps: float = 25.0
) -> Path:
    folder = root / name
    (folder / "full_body_img").mkdir(parents=True)
    (folder / "landmarks").mkdir()
    for i in range(NUM):
        frame = np.full((80, 80, 3), 3 * i, np.uint8)
        stem = f"{i:06d}" if layout == "ours" else str(i)
        (folder / "full_body_img" / f"{stem}.png").write_bytes(bytes(cv2.imencode(".png", frame)[1]))
        points = np.zeros((110, 2), int)
        points[1], points[31], points[52] = (10, 40), (60, 40), (35, 20)
        (folder / "landmarks" / f"{stem}.lms").write_text("".join(f"{x} {y}\n" for x, y in points))
    for model in models:
        shape = {"hubert": (2, 1024), "wenet": (16, 512)}.get(model, (512,))
        np.save(folder / f"aud_{model}.npy", np.zeros((NUM - 1, *shape), np.float32))
    with wave.open(str(folder / "aud.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        samples = np.zeros(NUM * 640, np.int16)
        samples[: 10 * 640] = 5000 * np.sign(np.sin(np.arange(6400)))
        sound.writeframes(samples.tobytes())
    (folder / ".preprocessing_metadata.json").write_text(json.dumps({"fps": fps}))
    return folder


def test_a_person_is_crops_rows_and_what_may_be_used(tmp_path: Path) -> None:
    person(tmp_path, "a")
    (found,), fps = open_persons(str(tmp_path), ["a"], "mel", 168, tmp_path)
    assert (found.name, found.asr_model, fps, found.num_frames) == ("a", "mel", 25.0, NUM - 1)
    assert found.crops_NHWC.shape == (NUM, 168, 168, 3) and int(found.crops_NHWC[4, 0, 0, 0]) == 12
    assert found.voiced_N.tolist() == [i < 10 for i in range(NUM)]
    assert (tmp_path / "a" / ".visemill").is_dir()


def test_a_face_that_was_lost_is_not_used(tmp_path: Path) -> None:
    folder = person(tmp_path, "a")
    (folder / "landmarks" / "3.lms").write_text("0 0\n" * 110)
    (found,), _ = open_persons(str(tmp_path), ["a"], "mel", 168, tmp_path)
    assert not found.usable_N[3] and found.usable_N.sum() == NUM - 1
    assert found.frames(range(6)) == [0, 1, 2, 4, 5]


def test_metadata_that_cannot_be_read_say_nothing_and_a_name_given_twice_is_one_person(tmp_path: Path) -> None:
    (person(tmp_path, "a") / ".preprocessing_metadata.json").write_text("[" * 100_000)
    persons, fps = open_persons(str(tmp_path), ["a", "a"], "mel", 168, tmp_path)
    assert ([one.name for one in persons], fps) == (["a"], 25.0)


def test_frames_are_read_whole_where_they_are_asked_for(tmp_path: Path) -> None:
    folder = person(tmp_path, "a")
    (folder / "landmarks" / "3.lms").write_text("0 0\n" * 110)
    at = PersonFolder(str(tmp_path), "a").whole_frames()
    whole = at(4)
    assert whole.picture_HWC.shape == (80, 80, 3) and int(whole.picture_HWC[0, 0, 0]) == 12
    assert (whole.crop, whole.face) == (CropBox(10, 20, 50), CropBox(-3, -13, 66))
    with pytest.raises(ValueError, match="no face in frame 3"):
        at(3)
    (folder / "full_body_img" / "5.png").write_bytes(b"")
    with pytest.raises(BadInput, match=r"a: .*5\.png are no picture"):
        at(5)


def test_both_layouts_and_a_copy_are_the_same_data(tmp_path: Path) -> None:
    for name, layout in (("a", "code"), ("b", "ours")):
        person(tmp_path, name, layout=layout)
    one, other = open_persons(str(tmp_path), [], "mel", 168, tmp_path)[0]
    assert one.digest == other.digest


def test_without_names_all_persons_are_taken(tmp_path: Path) -> None:
    person(tmp_path, "b")
    person(tmp_path, "a")
    (tmp_path / "notes").mkdir()
    assert names_below(str(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize(
    ("models", "asked", "expected"),
    [((("mel",), ("mel",)), "", "mel"), ((("hubert", "ave"), ("ave", "hubert")), "", "hubert"),
     ((("ave", "mel"), ("mel",)), "", "mel"), ((("ave", "mel"), ("ave", "mel")), "ave", "ave")],
)  # fmt: skip
def test_features_are_those_asked_for_or_those_that_all_have(tmp_path: Path, models, asked: str, expected: str) -> None:
    for name, has in zip("ab", models, strict=True):
        person(tmp_path, name, models=has)
    persons, _ = open_persons(str(tmp_path), [], asked, 168, tmp_path)
    assert {one.asr_model for one in persons} == {expected}


@pytest.mark.parametrize(
    ("models", "asked", "said"),
    [((("mel",), ("ave",)), "", "in common: none"), ((("ave", "mel"), ("ave", "mel")), "", "aud_ave.npy, aud_mel.npy"),
     ((("mel",), ("ave", "mel")), "ave", "a has no aud_ave.npy")],
)  # fmt: skip
def test_features_that_are_not_there_are_named(tmp_path: Path, models, asked: str, said: str) -> None:
    for name, has in zip("ab", models, strict=True):
        person(tmp_path, name, models=has)
    with pytest.raises(BadConfig, match=said) as caught:
        open_persons(str(tmp_path), [], asked, 168, tmp_path)
    assert caught.value.reason == "NO_AUDIO_FEATURES"


def test_persons_of_different_rates_are_not_learnt_from_together(tmp_path: Path) -> None:
    person(tmp_path, "a")
    person(tmp_path, "b", fps=30.0)
    with pytest.raises(BadConfig, match="25, 30 frames a second"):
        open_persons(str(tmp_path), [], "", 168, tmp_path)


def test_a_folder_without_persons_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="NO_PERSONS"):
        open_persons(str(tmp_path), [], "", 168, tmp_path)


def test_what_is_wrong_with_a_folder_names_the_person(tmp_path: Path) -> None:
    folder = person(tmp_path, "a")
    (folder / "full_body_img" / "7.png").unlink()
    with pytest.raises(BadInput, match="a: full_body_img lacks number 7"):
        PersonFolder(str(tmp_path), "a")


@pytest.mark.parametrize("metadata", ["", "{", "[]", '{"fps": "x"}', '{"fps": -1}'])
def test_metadata_that_say_nothing_leave_the_usual_rate(tmp_path: Path, metadata: str) -> None:
    folder = person(tmp_path, "a")
    (folder / ".preprocessing_metadata.json").write_text(metadata)
    assert PersonFolder(str(tmp_path), "a").fps == 25.0
