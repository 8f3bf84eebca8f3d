import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest
from products import Made, made_of

from services.base.errors import BadInput
from services.base.media.arrays import UInt8Array
from services.base.media.clip import Clip, Media
from services.base.media.points import Landmarks
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.stage.spec import ClipJob
from services.formats.example import decode_example
from services.records.grid.labels import decode_label
from services.records.grid.spec import RecordsConfig
from services.records.grid.stage import RecordWork, open_stage
from services.records.kept_frames import KeptFrames

ALIGN = b"0 20000 sil\r\n20000 40000 bin\r\n40000 60000 blue\r\n60000 74500 sil\r\n"
INFO = VideoInfo(360, 288, 0, 25.0, 0, 3.0, "mpeg1video", "yuv420p")


def job(extras: Mapping[str, bytes] | None = None) -> ClipJob:
    clip = Clip("s1/über_1", "über_1", "s1", "s1/über_1.mpg")
    return ClipJob(clip, Media.of_bytes("x", b"x"), {"align": ALIGN} if extras is None else extras)


def frames_of(num_frames: int) -> UInt8Array:
    return np.random.default_rng(3).integers(0, 256, (num_frames, 288, 360, 3), np.uint8)


def carry(stage, frames_THWC: UInt8Array, face: Landmarks, chunk: int = 32) -> Made:
    work = stage(job(), INFO)
    for i in range(0, len(frames_THWC), chunk):
        part = frames_THWC[i : i + chunk]
        work.push(FrameChunk(i, part, np.arange(i, i + len(part)) / 25))
    return made_of(work.finish({"landmarks": face, "info": INFO, "facts": DecodeFacts(len(frames_THWC))}))


@pytest.fixture
def face(make_face) -> Landmarks:
    return make_face([(180.0, 180.0)] * 90)


def test_the_record_has_the_originals_keys_and_types(face) -> None:
    features = decode_example(carry(open_stage(RecordsConfig(max_frames=40)), frames_of(30), face).payload)
    assert sorted(features) == sorted(
        ["frames", "t", "h", "w", "c", "label", "label_len", "input_len", "utterance_id", "speaker_id"]
    )
    assert [features[k] for k in "thwc"] == [[40], [50], [100], [3]]
    assert (features["input_len"], features["label_len"], len(features["label"])) == ([30], [8], 32)
    assert decode_label(features["label"]) == "bin blue"
    assert (features["utterance_id"], features["speaker_id"]) == (["über_1".encode()], [b"s1"])
    assert [len(v) for v in features["frames"]] == [40 * 50 * 100 * 3]


def test_short_clips_are_padded_with_black_and_long_ones_cut(face) -> None:
    stage = open_stage(RecordsConfig(max_frames=40))
    for num_frames, kept in ((30, 30), (40, 40), (47, 40)):
        features = decode_example(carry(stage, frames_of(num_frames), face).payload)
        crops_THWC = np.frombuffer(features["frames"][0], np.uint8).reshape(40, 50, 100, 3)
        assert features["input_len"] == [kept]
        assert crops_THWC[:kept].any(axis=(1, 2, 3)).all()
        assert not crops_THWC[kept:].any()


@pytest.mark.parametrize("profile", ["fixed-scale", "liptype2-v1"])
def test_neither_chunks_nor_earlier_clips_show_in_the_bytes(face, profile: str) -> None:
    config = RecordsConfig(profile=profile, max_frames=40)
    stage = open_stage(config)
    first = carry(stage, frames_of(33), face, chunk=7)
    carry(stage, 255 - frames_of(40), face)
    again = carry(stage, frames_of(33), face, chunk=33)
    fresh = carry(open_stage(config), frames_of(33), face)
    assert first == again == fresh


def test_quality_and_flags_come_beside_the_record(face) -> None:
    product = carry(open_stage(RecordsConfig()), frames_of(30), face)
    assert product.flags == ("LABEL_CUT", "SHORT_CLIP")
    assert product.quality["num_frames"] == 30
    assert carry(open_stage(RecordsConfig(quality_policy="keep")), frames_of(30), face).flags == ()


def test_a_serious_finding_is_refused_under_quarantine(face) -> None:
    frames_THWC = frames_of(75)
    frames_THWC[:12] = 128
    stage = open_stage(RecordsConfig(quality_policy="quarantine"))
    with pytest.raises(BadInput, match="GREY_FRAMES"):
        carry(stage, frames_THWC, face)
    assert carry(stage, frames_of(75), face).flags == ()


def test_a_broken_alignment_is_refused_before_any_frame() -> None:
    with pytest.raises(BadInput, match="BAD_ALIGN"):
        open_stage(RecordsConfig())(job({"align": b"0 1"}), None)
    with pytest.raises(BadInput, match="NO_ALIGN"):
        open_stage(RecordsConfig())(job({}), None)


def of_pictures(frames_THWC: UInt8Array, face: Landmarks, **settings: str) -> Made:
    clip = Clip("s1/über_1", "über_1", "s1", "s1/über_1/")
    work = open_stage(RecordsConfig(**settings))(ClipJob(clip, Media.of_bytes("x", b"x"), {"align": ALIGN}), INFO)
    work.push(FrameChunk(0, frames_THWC, np.arange(len(frames_THWC)) / 25))
    return made_of(work.finish({"landmarks": face, "info": INFO, "facts": DecodeFacts(len(frames_THWC))}))


@pytest.mark.parametrize(("height_px", "seen"), [(50, True), (80, True), (96, False), (288, False)])
def test_pictures_of_mouths_are_no_faces_even_where_a_detector_sees_one(face, height_px: int, *, seen: bool) -> None:
    found = face if seen else dataclasses.replace(face, source_T=np.zeros_like(face.source_T))
    frames_THWC = frames_of(5)[:, :height_px, : 2 * height_px].copy()
    told = f"NO_FACE: .*pictures of {frames_THWC.shape[2]}x{height_px} px are mouths that were cropped before"
    with pytest.raises(BadInput, match=told) as caught:
        of_pictures(frames_THWC, found)
    assert "made for training and not for cropping" in caught.value.message


def test_pictures_of_faces_are_told_by_their_rate_alone(face) -> None:
    video, pictures = carry(open_stage(RecordsConfig()), frames_of(75), face), of_pictures(frames_of(75), face)
    assert set(pictures.flags) - set(video.flags) == {"RATE_ASSUMED"}
    assert decode_example(pictures.payload)["frames"] == decode_example(video.payload)["frames"]
    assert of_pictures(frames_of(75)[:, :50, :100].copy(), face, profile="liptype2-v1").flags


def test_a_refused_clip_leaves_the_stage_fit_for_the_next(face) -> None:
    stage = open_stage(RecordsConfig())
    with pytest.raises(BadInput, match="NO_FRAMES"):
        carry(stage, frames_of(0), face)
    nobody = dataclasses.replace(face, source_T=np.zeros_like(face.source_T))
    with pytest.raises(BadInput, match="NO_FACE"):
        carry(stage, frames_of(5), nobody)
    assert carry(stage, frames_of(5), face) == carry(open_stage(RecordsConfig()), frames_of(5), face)


@pytest.mark.parametrize("profile", ["fixed-scale", "liptype2-v1"])
def test_frames_in_a_file_give_the_same_record(face, profile: str) -> None:
    config, frames_THWC = RecordsConfig(profile=profile, max_frames=40), frames_of(44)
    kept = KeptFrames(40, budget_bytes=0)

    def begin(job: ClipJob, info: VideoInfo | None) -> RecordWork:
        return RecordWork(config, kept, job, info)

    from_file = carry(begin, frames_THWC, face)
    assert isinstance(kept.frames_THWC, np.memmap)
    assert from_file == carry(open_stage(config), frames_THWC, face)
