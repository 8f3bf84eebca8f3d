"""Frames, landmarks, sound and features become the folder of a person."""

import io
import wave
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from products import Made

from services.base.errors import BadInput
from services.base.media.audio import AlignedSound
from services.base.media.clip import Clip, Media
from services.base.media.features import AudioFeatures
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.stage.spec import ClipJob
from services.formats.talker.landmark_table import decode_table
from services.formats.talker.tree import features_of, points_of, tree_of, usable_of
from services.lips.talker_crop import CropBox, box_of
from services.records.talker.spec import TalkerFilesConfig
from services.records.talker.stage import open_stage

SIZE_PX, FPS = 96, 25.0
INFO = VideoInfo(SIZE_PX, SIZE_PX, 0, FPS, 0, 0.0, "h264", "yuv420p")
JOB = ClipJob(Clip("anna", "anna", "anna", "anna.mp4"), Media.of_bytes("anna.mp4", b"x"))


def frames_of(num: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (num, SIZE_PX, SIZE_PX, 3), np.uint8)


def sound_of(num: int) -> AlignedSound:
    samples_T = np.random.default_rng(1).integers(-9000, 9000, round(num * 16_000 / FPS)).astype(np.int16)
    return AlignedSound(samples_T, 16_000, num, FPS)


def features_made(num: int, model: str = "ave") -> AudioFeatures:
    shape = {"ave": (512,), "hubert": (2, 1024)}[model]
    vectors_TX = np.random.default_rng(2).normal(size=(num, *shape)).astype(np.float32)
    return AudioFeatures(model, "sha256:ab", vectors_TX, FPS)


def carry(given: Mapping[str, Any], frames_THWC: np.ndarray, chunk: int = 4, **settings: Any) -> Made:
    """The product, its files in the order in which they were given out."""
    work = open_stage(TalkerFilesConfig(**settings))(JOB, INFO)
    files = []
    for i in range(0, len(frames_THWC) if work.wants else 0, chunk):
        part = frames_THWC[i : i + chunk]
        work.push(FrameChunk(i, part, np.arange(i, i + len(part)) / FPS))
        files += list(work.files_so_far())
    num = len(frames_THWC)
    facts = {"info": INFO, "facts": DecodeFacts(num, num_decoded=num, rate_hz=FPS)}
    product = work.finish({**given, **facts})
    files += list(product.files)
    made = {file.name: b"".join(map(bytes, file.pieces)) for file in files}
    assert len(made) == len(files), "a file was given out twice"
    return Made(made, product.quality, product.flags, product.sidecars)


def given_of(landmarks, pattern: str) -> dict[str, Any]:
    num = len(pattern)
    return {
        "landmarks": landmarks(pattern),
        "aligned_sound": sound_of(num),
        "audio_features": features_made(max(1, num - 1)),
    }


def test_a_persons_folder_reads_back_as_what_it_was_made_of(landmarks) -> None:
    pattern = "DDDD.DDD...."
    given, frames_THWC = given_of(landmarks, pattern), frames_of(len(pattern))
    made = carry(given, frames_THWC, max_bridged_frames=2)
    tree = tree_of(made.files)
    assert {*made.files} == {*tree.frames, *tree.landmarks, "landmarks.npz", "aud.wav", "aud_ave.npy"}
    for name, frame_HWC in zip(tree.frames, frames_THWC, strict=True):
        read_HWC = cv2.imdecode(np.frombuffer(made.files[name], np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        np.testing.assert_array_equal(read_HWC, frame_HWC)
    points_TNC = points_of(tree, made.files.__getitem__)
    assert points_TNC.shape == (12, 110, 2)
    assert box_of(points_TNC[4]) == CropBox(24, 30, 48)
    assert usable_of(tree, made.files.__getitem__).tolist() == [True] * 8 + [False] * 4
    table = decode_table(made.files["landmarks.npz"])
    np.testing.assert_array_equal(table.points_TNC, given["landmarks"].points_TNC)
    assert table.source_T.tolist() == [1, 1, 1, 1, 3, 1, 1, 1, 0, 0, 0, 0]
    vectors_TX = features_of(tree, "ave", made.files.__getitem__)
    np.testing.assert_array_equal(vectors_TX, given["audio_features"].vectors_TX)
    with wave.open(io.BytesIO(made.files["aud.wav"])) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
        assert sound.readframes(1 << 20) == given["aligned_sound"].samples_T.tobytes()
    assert made.flags == ("FACE_LOST", "LITTLE_SPEECH")
    facts = {
        "fps": 25.0,
        "num_frames": 12,
        "num_usable": 8,
        "num_missing": 5,
        "num_bridged": 1,
        "num_rows": 11,
        "crop_outside_share": 0.0,
        "is_random": False,
        "width_px": SIZE_PX,
        "source_fps": 25.0,
    }
    assert facts.items() <= made.quality.items()


def test_the_same_clip_is_the_same_bytes_however_it_comes_in_chunks(landmarks) -> None:
    given, frames_THWC = given_of(landmarks, "D" * 11), frames_of(11)
    first, second = carry(given, frames_THWC, 4), carry(given, frames_THWC, 7)
    assert list(first.files.items()) == list(second.files.items())
    assert list(first.files)[:11] == [f"full_body_img/{t:06d}.png" for t in range(11)]


def test_frames_go_out_before_the_clip_has_ended(landmarks) -> None:
    work = open_stage(TalkerFilesConfig())(JOB, INFO)
    for first in (0, 4):
        work.push(FrameChunk(first, frames_of(4), np.zeros(4)))
    assert len(list(work.files_so_far())) >= 4


def test_features_alone_need_no_frame_and_no_landmarks() -> None:
    given = {"audio_features": features_made(10, "hubert"), "aligned_sound": sound_of(10)}
    made = carry(given, frames_of(0), parts="features")
    assert list(made.files) == ["aud_hubert.npy"]
    assert (made.quality["num_rows"], made.quality["num_frames"], made.sidecars) == (10, 10, {})
    assert open_stage(TalkerFilesConfig(parts="features"))(JOB, None).wants == frozenset()


def test_jpegs_and_the_preview_on_request(landmarks) -> None:
    given = given_of(landmarks, "DDDD")
    made = carry(given, frames_of(4), frame_format="jpg", preview=False)
    assert "full_body_img/000003.jpg" in made.files and made.sidecars == {}
    sheet = carry(given, frames_of(4)).sidecars["preview.jpg"]
    assert cv2.imdecode(np.frombuffer(sheet, np.uint8), cv2.IMREAD_COLOR).shape[1] == 4 * SIZE_PX + 3 * 2


@pytest.mark.parametrize(
    ("pattern", "reason"), [("", "NO_FRAMES"), ("D", "ONE_FRAME"), ("DD...", "NO_FACE"), ("....", "NO_FACE")]
)
def test_what_is_no_person_speaking_is_refused(landmarks, pattern: str, reason: str) -> None:
    given = given_of(landmarks, pattern or "DD") | {"landmarks": landmarks(pattern)}
    with pytest.raises(BadInput) as refused:
        carry(given, frames_of(len(pattern)))
    assert refused.value.reason == reason


def test_features_that_are_no_numbers_are_refused(landmarks) -> None:
    given = given_of(landmarks, "DDDD")
    given["audio_features"] = replace(given["audio_features"], vectors_TX=np.full((3, 512), np.nan, np.float32))
    with pytest.raises(BadInput, match="FEATURES_NOT_FINITE"):
        carry(given, frames_of(4))


def test_values_of_other_samplings_are_a_bug(landmarks) -> None:
    with pytest.raises(ValueError, match="different samplings"):
        carry(given_of(landmarks, "DDDD") | {"aligned_sound": sound_of(5)}, frames_of(4))
    without = given_of(landmarks, "DDDD")
    del without["aligned_sound"]
    with pytest.raises(ValueError, match="put the stage sound before"):
        carry(without, frames_of(4))
