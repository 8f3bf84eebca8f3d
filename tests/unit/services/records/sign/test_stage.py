"""One clip through the stage: what its file holds, what is refused, what is told about it."""

import dataclasses
import json

import cv2
import numpy as np
import pytest
from products import made_of

from services.base.errors import BadConfig, BadInput
from services.base.media.clip import Clip, Media
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.stage.config import config_from_mapping
from services.base.stage.spec import ClipJob
from services.records.sign.files.npz import decode_npz
from services.records.sign.files.validate import validate
from services.records.sign.flags import FLAGS, SERIOUS
from services.records.sign.spec import SPEC, SignFilesConfig, key_config
from services.records.sign.stage import PREVIEW, open_stage

INFO = VideoInfo(640, 480, 90, 30.0, 60, 2.0, "h264", "yuv420p")
JOB = ClipJob(Clip("a/b.mov", "b", "", "a/b.mov"), Media.of_bytes("a/b.mov", b"x"))


def finished(keypoints=None, features=None, *, chunks=(), facts=None, **settings):
    config = SignFilesConfig(keypoints=keypoints is not None, features=features is not None, **settings)
    work = open_stage(config)(JOB, INFO)
    for chunk in chunks:
        work.push(chunk)
    return made_of(work.finish({"keypoints": keypoints, "features": features, "info": INFO, "facts": facts}))


def meta_of(product):
    return json.loads(decode_npz(product.payload)["meta"].item())


def chunk(first_index, num_frames, height=240, width=320):
    frames_THWC = np.full((num_frames, height, width, 3), 90, np.uint8)
    return FrameChunk(first_index, frames_THWC, (first_index + np.arange(num_frames)) / 15)


def test_a_file_with_everything(keypoints, features):
    points = keypoints(6)
    product = finished(points, features(6))
    arrays = decode_npz(product.payload)
    assert list(arrays) == ["X", "mask", "timestamps_ms", "X2048", "confidence", "meta"]
    np.testing.assert_array_equal(arrays["X"].reshape(6, 78, 2), points.xy_TNC)
    np.testing.assert_array_equal(arrays["X"][:, 50:52], points.xy_TNC[:, 25])
    np.testing.assert_array_equal(arrays["X2048"], features(6).vectors_TD)
    assert arrays["timestamps_ms"].tolist() == [0, 66, 133, 200, 266, 333]
    meta = json.loads(arrays["meta"].item())
    assert (meta["video"], meta["width"], meta["height"], meta["model_type"]) == ("b.mov", 640, 480, "B")
    assert "RANDOM" in meta["iv3_weights"]
    assert validate(product.payload) == []
    assert finished(points, features(6)).payload == product.payload


def test_a_file_of_keypoints_alone(keypoints):
    product = finished(keypoints(6))
    assert list(decode_npz(product.payload)) == ["X", "mask", "timestamps_ms", "confidence", "meta"]
    assert validate(product.payload) == []


def test_features_that_are_no_numbers_are_no_file(keypoints, features):
    vectors_TD = features(6).vectors_TD.copy()
    vectors_TD[2, 7] = np.nan
    with pytest.raises(BadInput, match=r"FEATURES_NOT_FINITE.*in 1 of 6 frames"):
        finished(keypoints(6), dataclasses.replace(features(6), vectors_TD=vectors_TD))


def test_a_file_of_features_alone_has_no_keypoints_to_mistake_for_real_ones(features):
    product = finished(features=features(6))
    arrays = decode_npz(product.payload)
    assert list(arrays) == ["timestamps_ms", "X2048", "meta"]
    assert json.loads(arrays["meta"].item())["model_type"] == "I"
    assert validate(product.payload) == []
    assert product.quality["occluded"] == 0


def test_gaps_are_filled_and_confidence_is_left_as_it_was(keypoints):
    points = keypoints(5)
    present_TN = points.present_TN.copy()
    present_TN[2, 30] = False
    confidence_TN = np.where(present_TN, points.confidence_TN, 0).astype(np.float32)
    arrays = decode_npz(
        finished(dataclasses.replace(points, present_TN=present_TN, confidence_TN=confidence_TN)).payload
    )
    assert arrays["mask"][2, 30]
    assert arrays["confidence"][2, 30] == 0


def test_nobody_in_the_picture_is_refused_also_with_features(keypoints, features):
    for more in (None, features(4)):
        with pytest.raises(BadInput, match="NO_PERSON"):
            finished(keypoints(4, present=False), more)


def test_no_frames_are_refused(keypoints):
    with pytest.raises(BadInput, match="NO_FRAMES"):
        finished(keypoints(0))


def test_frames_of_keypoints_and_features_must_be_the_same(keypoints, features):
    with pytest.raises(ValueError, match="others"):
        finished(keypoints(4), features(5))


def test_other_features_are_refused(features):
    few = features(4)
    with pytest.raises(BadConfig, match="OTHER_FEATURES"):
        finished(features=dataclasses.replace(few, vectors_TD=few.vectors_TD[:, :512]))


def test_facts_and_flags_of_a_clip(keypoints, features):
    points = keypoints(6)
    present_TN = points.present_TN.copy()
    present_TN[:, 25:67] = False
    facts = DecodeFacts(6, num_corrupt=1, warnings=("concealing errors",))
    product = finished(dataclasses.replace(points, present_TN=present_TN), features(6), facts=facts, target_fps=60.0)
    assert product.flags == (
        "CORRUPT_FRAMES",
        "DECODER_WARNINGS",
        "NO_HANDS",
        "OCCLUDED",
        "RANDOM_WEIGHTS",
        "SLOW_SOURCE",
    )
    assert set(product.flags) <= set(FLAGS)
    quality = product.quality
    assert (quality["file"], quality["occluded"], quality["num_frames"]) == ("b.npz", 1, 6)
    assert (quality["hands_share"], quality["kept_fps"], quality["source_fps"]) == (0.0, 15.0, 30.0)
    assert quality["duration_s"] == 2.0 and quality["rotation_deg"] == 90
    json.dumps(quality)


def test_rate_and_duration_are_the_measured_ones(keypoints):
    facts = DecodeFacts(6, num_decoded=8, rate_hz=8.0, duration_s=1.0, longest_step_s=0.125)
    product = finished(keypoints(6), facts=facts)
    quality = product.quality
    assert (quality["source_fps"], quality["duration_s"], meta_of(product)["source_fps"]) == (8.0, 1.0, 8.0)
    assert (quality["num_frames"], quality["num_decoded"], quality["num_dropped"]) == (6, 8, 2)
    assert product.flags == ("SLOW_SOURCE",)


@pytest.mark.parametrize(
    ("facts", "flag"),
    [
        ({"num_lost": 12}, "FRAMES_LOST"),
        ({"num_duplicate_pts": 1, "num_restarts": 1}, "TIMES_RESTART"),
        ({"num_duplicate_pts": 1}, "TIMES_GO_BACK"),
        ({"longest_step_s": 3.1, "rate_hz": 15.0}, "TIME_HOLES"),
        ({"ended_early": True}, "CORRUPT_FRAMES"),
    ],
)
def test_frames_and_times_that_were_lost_are_serious(keypoints, facts, flag):
    product = finished(keypoints(6), facts=DecodeFacts(6, num_decoded=6, **facts))
    assert product.flags == (flag,) and product.quality["serious"] == [flag]
    assert set(SERIOUS) <= set(FLAGS)


def test_what_a_container_says_of_the_picture_is_told(keypoints):
    info = dataclasses.replace(INFO, pixel_aspect="64:45", num_video_streams=2)
    work = open_stage(SignFilesConfig())(JOB, info)
    facts = DecodeFacts(6, num_decoded=6, num_interlaced=6)
    product = work.finish({"keypoints": keypoints(6), "features": None, "info": info, "facts": facts})
    assert product.flags == ("INTERLACED", "SEVERAL_VIDEOS")
    assert (product.quality["pixel_aspect"], product.quality["num_interlaced"]) == ("64:45", 6)


def test_a_few_frames_a_second_are_no_holes(keypoints):
    slow = DecodeFacts(6, num_decoded=6, rate_hz=0.5, longest_step_s=2.0)
    assert finished(keypoints(6), facts=slow).flags == ("SLOW_SOURCE",)


def test_a_change_of_scene_is_serious_and_parts_the_gaps(keypoints):
    points = keypoints(6)
    present_TN = points.present_TN.copy()
    present_TN[3, 30] = False
    gap = dataclasses.replace(points, present_TN=present_TN)
    assert decode_npz(finished(gap).payload)["mask"][3, 30]
    cut = dataclasses.replace(gap, starts_T=np.arange(6) == 4)
    product = finished(cut)
    assert not decode_npz(product.payload)["mask"][3, 30]
    assert (product.flags, product.quality["num_scene_changes"]) == (("SCENE_CHANGES",), 1)


def test_where_hardly_anybody_is_seen_nothing_is_hidden(keypoints):
    points = keypoints(20)
    present_TN = points.present_TN.copy()
    present_TN[4:] = False
    product = finished(dataclasses.replace(points, present_TN=present_TN))
    assert (product.quality["occluded"], product.quality["serious"]) == (0, ["HARDLY_ANYBODY"])
    assert "crop" in FLAGS["HARDLY_ANYBODY"]


def test_25_to_15_is_a_rate_of_15(keypoints):
    times_s_T = np.arange(30) * 5 // 3 / 25
    points = dataclasses.replace(keypoints(30), pts_s_T=times_s_T)
    assert finished(points).quality["kept_fps"] == pytest.approx(15.1, abs=0.05)


def test_batches_that_memory_broke_are_told_of_in_the_file_and_its_quality(keypoints, features):
    whole = finished(keypoints(6), features(6, weights="sha256:00"))
    assert whole.quality["num_split_batches"] == 0
    assert "iv3_split_batches" not in meta_of(whole)
    broken = dataclasses.replace(features(6, weights="sha256:00"), num_split_batches=2)
    product = finished(keypoints(6), broken)
    assert (product.quality["num_split_batches"], product.flags) == (2, ("SPLIT_BATCHES",))
    assert meta_of(product)["iv3_split_batches"] == 2
    assert validate(product.payload) == []


def test_trained_weights_raise_no_flag(keypoints, features):
    assert finished(keypoints(6), features(6, weights="sha256:00")).flags == ()


def test_a_preview_shows_the_skeleton_and_leaves_the_frames_alone(keypoints):
    shown = chunk(0, 6)
    product = finished(keypoints(6), chunks=[shown])
    sheet_HWC = cv2.imdecode(np.frombuffer(product.sidecars[PREVIEW], np.uint8), cv2.IMREAD_COLOR)
    assert sheet_HWC.shape[1] > 4 * 250
    assert (np.abs(sheet_HWC.astype(int) - 90).max(axis=2) > 60).mean() > 0.01
    assert (shown.frames_THWC == 90).all()
    assert finished(keypoints(6), preview=False).sidecars == {}


@pytest.mark.parametrize("preview", [True, False])
def test_frames_are_decoded_for_what_is_measured_of_them(preview):
    assert open_stage(SignFilesConfig(preview=preview))(JOB, INFO).wants == {"frames"}


@pytest.mark.parametrize(
    "values",
    [
        {"keypoints": False},
        {"conf_thresh": 1.5},
        {"max_gap": -1},
        {"occ_min_run": 0},
        {"occ_min_run_s": -1.0},
        {"occ_min_run_s": float("inf")},
        {"occ_method": "seed"},
        {"occ_frame_prop": float("nan")},
    ],
)
def test_settings_that_cannot_work_are_refused(values):
    with pytest.raises(BadConfig):
        config_from_mapping(SignFilesConfig, values)


def test_only_the_preview_is_left_out_of_the_key():
    assert key_config(SignFilesConfig(preview=False)) == key_config(SignFilesConfig())
    assert {*key_config(SignFilesConfig()), "preview"} == {f.name for f in dataclasses.fields(SignFilesConfig)}
    assert SPEC.reads == ("frames", "keypoints", "features")
