"""Frames become a record of grey mouths with its text; what cannot be one is refused with a reason."""

from __future__ import annotations

import numpy as np
import pytest
from products import Made, made_of

from services.base.errors import BadInput
from services.base.media.arrays import UInt8Array
from services.base.media.clip import Clip, ClipAttributes, Media
from services.base.media.points import Landmarks
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.stage.spec import ClipJob
from services.formats.example import decode_example
from services.records.lips.spec import LipsFilesConfig
from services.records.lips.stage import open_stage

INFO = VideoInfo(360, 288, 0, 30.0, 0, 3.0, "h264", "yuv420p")
FACES, MOUTHS = LipsFilesConfig(profile="fixed-scale"), LipsFilesConfig(source="processed")


def job(text: str = "我们") -> ClipJob:
    clip = Clip("1_20_M_KJ_001", "1_20_M_KJ_001", "1", "a.mp4", attributes=ClipAttributes(text, "zh"))
    return ClipJob(clip, Media.of_bytes("x", b"x"), {})


def frames_of(num_frames: int, height_px: int = 288, width_px: int = 360) -> UInt8Array:
    return np.random.default_rng(3).integers(0, 256, (num_frames, height_px, width_px, 3), np.uint8)


def carry(config: LipsFilesConfig, frames_THWC: UInt8Array, face: Landmarks | None, chunk: int = 8) -> Made:
    work = open_stage(config)(job(), INFO)
    for i in range(0, len(frames_THWC), chunk):
        part = frames_THWC[i : i + chunk]
        work.push(FrameChunk(i, part, np.arange(i, i + len(part)) / 25))
    given = {"info": INFO, "facts": DecodeFacts(len(frames_THWC))} | ({"landmarks": face} if face else {})
    return made_of(work.finish(given))


def test_a_record_has_grey_mouths_ids_and_the_text(make_face) -> None:
    made = carry(FACES, frames_of(20), make_face([(180.0, 180.0)] * 20))
    features = decode_example(made.payload)
    assert [features[name] for name in "thwc"] == [[20], [50], [100], [1]]
    assert len(features["frames"][0]) == 20 * 50 * 100
    assert (features["input_len"], features["label_len"], features["label"]) == ([20], [0], [])
    assert features["utterance_id"] == [b"1_20_M_KJ_001"]
    assert (features["speaker_id"], features["text"]) == ([b"1"], ["我们".encode()])
    assert (made.quality["num_frames"], made.quality["num_characters"]) == (20, 2)
    assert made.flags == ()


def test_chunks_do_not_show_in_the_bytes(make_face) -> None:
    face = make_face([(180.0, 180.0)] * 20)
    assert carry(FACES, frames_of(20), face, 3).payload == carry(FACES, frames_of(20), face, 20).payload


def test_mouths_are_taken_as_they_are_and_scaled_where_they_are_of_another_size() -> None:
    frames_THWC = frames_of(4, 96, 96)
    features = decode_example(carry(MOUTHS, frames_THWC, None).payload)
    grey = frames_THWC @ np.array([0.299, 0.587, 0.114])
    mouths_THW = np.frombuffer(features["frames"][0], np.uint8).reshape(4, 96, 96)
    assert np.abs(mouths_THW - grey).max() <= 1.0
    assert decode_example(carry(MOUTHS, frames_of(4, 128, 128), None).payload)["h"] == [96]


def test_a_face_that_is_lost_and_a_video_that_broke_are_told(make_face) -> None:
    face = make_face([(180.0, 180.0)] * 4 + [None] * 16)
    assert {"FACE_LOST", "FACE_LOST_LONG"} <= set(carry(FACES, frames_of(20), face).flags)
    strict = LipsFilesConfig(profile="fixed-scale", quality_policy="quarantine")
    with pytest.raises(BadInput, match="FACE_LOST_LONG"):
        carry(strict, frames_of(20), face)


@pytest.mark.parametrize(
    ("config", "frames_THWC", "reason"),
    [
        (MOUTHS, frames_of(2), "NOT_A_MOUTH"),
        (LipsFilesConfig(), frames_of(2, 96, 96), "IS_A_MOUTH"),
        (LipsFilesConfig(source="processed", max_frames=3), frames_of(4, 96, 96), "TOO_MANY_FRAMES"),
        (MOUTHS, frames_of(0, 96, 96), "NO_FRAMES"),
    ],
)
def test_what_is_no_such_clip_is_refused(make_face, config, frames_THWC, reason: str) -> None:
    face = make_face([(40.0, 40.0)] * 4) if config.source == "face" else None
    with pytest.raises(BadInput, match=reason):
        carry(config, frames_THWC, face)


def test_a_clip_without_a_text_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(BadInput, match="NO_TEXT"):
        open_stage(MOUTHS)(job(""), INFO)
