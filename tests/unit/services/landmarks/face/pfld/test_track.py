"""The backend pfld on real clips: one face, two, none, one that is lost or leaves, a cut; in chunks of any size.

Takes some 25 s on a busy core: a search costs a tenth of a second, and these are some 150.
"""

import itertools
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array
from services.base.media.points import Landmarks, PointSource
from services.base.media.video import FrameChunk
from services.geometry.talker_rows import rows_110
from services.landmarks.face.pfld.boxes import FaceBox
from services.landmarks.face.pfld.following import MOST_LOST_FRAMES
from services.landmarks.models import FACE_LANDMARKER, find, models_of
from services.landmarks.spec import LandmarksConfig
from services.landmarks.stage import open_backend

MOST_ERROR = 0.015


@pytest.fixture(autouse=True)
def models(testdata: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (testdata / "weights" / "scrfd_2.5g_kps.onnx").is_file():
        pytest.skip("no scrfd_2.5g_kps.onnx in weights/ of the test data")
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("VISEMILL_MODELS", str(testdata / "weights"))


@pytest.fixture(scope="module")
def speaker(testdata: Path) -> UInt8Array:
    with av.open(str(testdata / "data/talker/wda_000.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in itertools.islice(container.decode(video=0), 50)]
    return np.stack(frames)


@pytest.fixture(scope="module")
def duo(testdata: Path) -> UInt8Array:
    """Two people of about a size; RGB."""
    return np.asarray(cv2.imread(str(testdata / "data/talker/duo.jpg"))[:, :, ::-1])


def found(frames_THWC: UInt8Array, *, chunk: int = 16, **settings: object) -> Landmarks:
    backend = open_backend(LandmarksConfig("pfld", **settings))  # type: ignore[arg-type]
    track = backend.track(frames_THWC.shape[2], frames_THWC.shape[1])
    for start in range(0, len(frames_THWC), chunk):
        part = frames_THWC[start : start + chunk]
        track.push(FrameChunk(start, part, (start + np.arange(len(part))) / 25))
    return track.finish()


def sources(landmarks: Landmarks) -> str:
    return "".join(".Dti"[source] for source in landmarks.source_T)


def error_T(landmarks: Landmarks, reference: Landmarks) -> Float32Array:
    """Mean distance of points over the distance of the outer corners of the eyes."""
    corners = reference.group("outer_eye_corners")
    eyes_T = np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1)
    away_T: Float32Array = np.linalg.norm(landmarks.points_TNC - reference.points_TNC, axis=2).mean(axis=1) / eyes_T
    return away_T


def test_a_followed_face_has_the_points_of_a_searched_one_however_its_frames_come(speaker: UInt8Array) -> None:
    tracked, searched = found(speaker), found(speaker[:30], mode="per-frame")
    assert sources(tracked) == "D" + "t" * 49
    assert sources(searched) == "D" * 30
    assert error_T(found(speaker[:30]), searched).mean() <= MOST_ERROR
    np.testing.assert_array_equal(found(speaker[:30], chunk=7).points_TNC, tracked.points_TNC[:30])
    assert tracked.topology == "wflw-98"
    assert (tracked.score_T > 0.3).all()


def test_a_picture_without_a_face_has_no_points() -> None:
    blank = np.full((3, 90, 120, 3), 127, np.uint8)
    assert sources(found(blank)) == "..."


def in_a_room(speaker: UInt8Array) -> UInt8Array:
    """The speaker at half the size before a wall, so that what happens to the face is no other scene."""
    wall = np.linspace(40, 220, 512, dtype=np.float32).astype(np.uint8)[:, None, None]
    frames = np.broadcast_to(wall, (len(speaker), 512, 512, 3)).copy()
    frames[:, 128:384, 128:384] = speaker[:, ::2, ::2]
    return frames


def test_a_face_that_is_gone_is_lost_in_that_frame_and_found_in_the_one_that_shows_it(speaker: UInt8Array) -> None:
    shown = in_a_room(speaker[:30])
    hidden = shown.copy()
    hidden[:, 165:375, 190:345] = 110
    num_long = MOST_LOST_FRAMES + 4
    for num_hidden, again in ((3, "t"), (num_long, "D")):
        frames = np.concatenate([shown[:5], hidden[5 : 5 + num_hidden], shown[5 + num_hidden :]])
        assert sources(found(frames)) == "Dtttt" + "." * num_hidden + again + "t" * (24 - num_hidden)


def test_of_two_people_it_stays_with_the_one_it_began_with(duo: UInt8Array) -> None:
    both = np.repeat(duo[None], 8, axis=0)
    whole = found(both, search_every_frames=4)
    assert sources(whole) == "Dttttttt"
    (left, top), (right, bottom) = whole.points_TNC[0].min(axis=0) - 20, whole.points_TNC[0].max(axis=0) + 10
    hidden = both.copy()
    hidden[3:6, int(top) : int(bottom), int(left) : int(right)] = 127
    back = found(hidden)
    assert sources(back) == "Dtt...tt"
    np.testing.assert_allclose(back.points_TNC[6:], whole.points_TNC[6:], atol=2)


def test_a_cut_to_another_face_begins_a_track_in_its_first_frame(speaker: UInt8Array, duo: UInt8Array) -> None:
    other = np.repeat(cv2.resize(duo, (512, 512))[None], 4, axis=0)
    clip = found(np.concatenate([speaker[:6], other]))
    assert sources(clip) == "DtttttDttt"
    alone = found(other)
    np.testing.assert_allclose(clip.points_TNC[6:], alone.points_TNC, atol=2)


def test_a_face_that_leaves_the_picture_is_followed_to_the_border_and_then_lost(speaker: UInt8Array) -> None:
    frames = np.stack([np.roll(speaker[0], 16 * t, axis=1) for t in range(30)])
    for t in range(30):
        frames[t, :, : 16 * t] = speaker[0, :, :1]
    track = found(frames)
    assert track.present_T[:12].all()
    assert not track.present_T[-3:].any()


def test_the_crop_is_that_of_mediapipes_points(speaker: UInt8Array, testdata: Path) -> None:
    mesh = find(FACE_LANDMARKER)
    if mesh is None:
        pytest.skip("no face_landmarker.task: python -m services.landmarks.model_files fetch")
    with av.open(str(testdata / "data/grid/s1_processed/bbaf2n.mpg")) as container:
        other = next(container.decode(video=0)).to_ndarray(format="rgb24")[None]
    for frame in (speaker[:1], other):
        crops = []
        for backend in ("mediapipe", "pfld"):
            track = open_backend(LandmarksConfig(backend, mode="per-frame", face_landmarker=str(mesh))).track(
                frame.shape[2], frame.shape[1]
            )
            track.push(FrameChunk(0, frame, np.zeros(1)))
            crops.append(rows_110(track.finish())[0])
        squares = [
            FaceBox(rows[1, 0], rows[52, 1], rows[31, 0], rows[52, 1] + rows[31, 0] - rows[1, 0], 1.0) for rows in crops
        ]
        assert squares[0].overlap(squares[1]) >= 0.95


def test_a_config_names_both_files_and_how_often_it_searches(testdata: Path) -> None:
    assert sorted(models_of(LandmarksConfig("pfld"))) == ["PFLD_GhostOne_112_1_opt_sim.onnx", "scrfd_2.5g_kps.onnx"]
    with pytest.raises(BadConfig, match=r"LANDMARK_MODEL_MISSING.*visemill models convert pfld-110"):
        models_of(LandmarksConfig("pfld-110"))


def test_a_file_that_is_another_network_is_refused_with_the_remedy(testdata: Path) -> None:
    scrfd, pfld = (testdata / "weights" / name for name in sorted(models_of(LandmarksConfig("pfld")))[::-1])
    for backend, files, says in (
        ("pfld", {"face_detector": pfld}, "it has 1 outputs, SCRFD with key points 9.*non-commercial|exclude"),
        ("pfld", {"landmark_model": scrfd}, "not 196 numbers.*--landmark-model FILE"),
        ("pfld-110", {"landmark_model": pfld}, "not 220 numbers.*models convert pfld-110"),
        ("pfld", {"landmark_model": Path(__file__)}, "onnxruntime does not load it"),
    ):
        with pytest.raises(BadConfig, match=f"MODEL_UNREADABLE.*{says}"):
            open_backend(LandmarksConfig(backend, **{name: str(path) for name, path in files.items()}))  # type: ignore[arg-type]


def test_mode_per_frame_says_that_each_frame_was_searched(speaker: UInt8Array) -> None:
    assert set(found(speaker[:2], mode="per-frame").source_T.tolist()) == {int(PointSource.DETECTED)}
