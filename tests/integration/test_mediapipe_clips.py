"""The mediapipe backend on real clips: recall, several faces, and that a clip's points are a function of its frames."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from point_measures import box_iou, group_boxes, normalised_error

from services.base.media.arrays import UInt8Array
from services.base.media.points import Landmarks, PointSource
from services.base.media.video import FrameChunk
from services.landmarks.face.backend import Backend
from services.landmarks.face.mediapipe import CHECK_EVERY_FRAMES, open_mediapipe
from services.landmarks.mediapipe.tasks import FaceTasks
from services.landmarks.models import FACE_LANDMARKER, find

ROOT = Path(__file__).resolve().parents[2]
Reader = Callable[[str], UInt8Array]


@pytest.fixture(scope="module")
def model() -> Path:
    path = find(FACE_LANDMARKER)
    if path is None:
        pytest.skip(f"no {FACE_LANDMARKER}: run `python -m services.landmarks.model_files fetch`")
    return path


@pytest.fixture(scope="module")
def tracked(model: Path) -> Backend:
    return open_mediapipe(model, "tracked")


@pytest.fixture(scope="module")
def per_frame(model: Path) -> Backend:
    return open_mediapipe(model, "per-frame")


@pytest.fixture(scope="module")
def read(testdata: Path) -> Reader:
    def frames_of(name: str) -> UInt8Array:
        (path,) = (path for path in testdata.glob(f"data/*/**/{name}") if "cases" not in path.parts)
        return np.stack(list(_frames(path)))

    return frames_of


def _frames(path: Path) -> Iterator[UInt8Array]:
    video = cv2.VideoCapture(str(path))
    while True:
        more, frame_HWC = video.read()
        if not more:
            return
        yield np.asarray(cv2.cvtColor(frame_HWC, cv2.COLOR_BGR2RGB), np.uint8)


def landmarks_of(backend: Backend, frames_THWC: UInt8Array, chunk_frames: int = 32) -> Landmarks:
    track = backend.track(frames_THWC.shape[2], frames_THWC.shape[1])
    for chunk in chunks_of(frames_THWC, chunk_frames):
        track.push(chunk)
    return track.finish()


def chunks_of(frames_THWC: UInt8Array, chunk_frames: int) -> Iterator[FrameChunk]:
    for first in range(0, len(frames_THWC), chunk_frames):
        some = frames_THWC[first : first + chunk_frames]
        yield FrameChunk(first, some, (first + np.arange(len(some))) / 25.0)


def bytes_of(landmarks: Landmarks) -> bytes:
    return landmarks.points_TNC.tobytes() + landmarks.score_T.tobytes() + landmarks.source_T.tobytes()


def side_by_side(large_THWC: UInt8Array, small_THWC: UInt8Array) -> UInt8Array:
    """The second clip at 60 % of its size, to the left of the first."""
    small = np.stack([cv2.resize(frame, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA) for frame in small_THWC])
    canvas = np.zeros((len(small), large_THWC.shape[1], small.shape[2] + large_THWC.shape[2], 3), np.uint8)
    canvas[:, : small.shape[1], : small.shape[2]] = small
    canvas[:, :, small.shape[2] :] = large_THWC
    return canvas


def centres_x(landmarks: Landmarks) -> np.ndarray:
    return landmarks.points_TNC[:, :, 0].mean(axis=1)


def test_grey_frames_are_missing_and_every_other_frame_has_a_face(
    tracked: Backend, per_frame: Backend, read: Reader
) -> None:
    frames_THWC = read("lrarzn.mpg")
    for backend in (tracked, per_frame):
        present_T = landmarks_of(backend, frames_THWC).present_T
        assert list(np.flatnonzero(~present_T)) == list(range(12))


def test_a_track_does_not_survive_grey_frames(tracked: Backend, read: Reader) -> None:
    grey_THWC, face_THWC = read("lrarzn.mpg")[:12], read("bbaf2n.mpg")
    landmarks = landmarks_of(tracked, np.concatenate((face_THWC[:15], grey_THWC, face_THWC[15:30])))
    assert not landmarks.present_T[15:27].any()
    assert landmarks.present_T[:15].all()
    assert landmarks.present_T[27:].all()
    assert landmarks.source_T[27] == PointSource.DETECTED


@pytest.mark.parametrize("name", ["bbaf2n.mpg", "lbax4n.mpg", "id2_vcd_swwp2s.mpg"])
def test_tracked_stays_close_to_per_frame(tracked: Backend, per_frame: Backend, read: Reader, name: str) -> None:
    frames_THWC = read(name)
    found, reference = landmarks_of(tracked, frames_THWC), landmarks_of(per_frame, frames_THWC)
    assert list(found.source_T) == [PointSource.DETECTED] + [PointSource.TRACKED] * (len(frames_THWC) - 1)
    assert (reference.source_T == PointSource.DETECTED).all()
    assert np.nanmean(normalised_error(found, reference)) < 0.015
    boxes = (group_boxes(each, "lips", 0.2, 0.3) for each in (found, reference))
    assert box_iou(*boxes).mean() > 0.9
    assert found.score_T.min() > 0.5


def test_a_clips_points_depend_on_its_frames_alone(model: Path, tracked: Backend, read: Reader) -> None:
    face_THWC, other_THWC, grey_THWC = read("bbaf2n.mpg")[:30], read("lbax4n.mpg")[:20], read("lrarzn.mpg")[:12]
    expected = bytes_of(landmarks_of(open_mediapipe(model, "tracked"), face_THWC))
    assert bytes_of(landmarks_of(tracked, face_THWC)) == expected
    for before_THWC in (other_THWC, grey_THWC, face_THWC[::-1]):
        landmarks_of(tracked, before_THWC)
        assert bytes_of(landmarks_of(tracked, face_THWC)) == expected


@pytest.mark.parametrize("chunk_frames", [1, 7, 1000])
def test_chunks_decide_nothing(tracked: Backend, read: Reader, chunk_frames: int) -> None:
    frames_THWC = read("lrarzn.mpg")[:40]
    assert bytes_of(landmarks_of(tracked, frames_THWC, chunk_frames)) == bytes_of(landmarks_of(tracked, frames_THWC))


def test_tracks_side_by_side_and_given_up_ones_leave_no_trace(tracked: Backend, read: Reader) -> None:
    clips = [read("bbaf2n.mpg")[:12], read("lbax4n.mpg")[:12]]
    expected = [bytes_of(landmarks_of(tracked, clip)) for clip in clips]
    given_up = tracked.track(360, 288)
    given_up.push(next(chunks_of(clips[1], 5)))
    tracks = [tracked.track(360, 288) for _ in clips]
    for chunks in zip(*(chunks_of(clip, 3) for clip in clips), strict=True):
        for track, chunk in zip(tracks, chunks, strict=True):
            track.push(chunk)
    assert [bytes_of(track.finish()) for track in tracks] == expected
    del given_up
    assert [bytes_of(landmarks_of(tracked, clip)) for clip in clips] == expected


def test_the_largest_of_two_faces_wins_in_both_modes(tracked: Backend, per_frame: Backend, read: Reader) -> None:
    frames_THWC = side_by_side(read("bbaf2n.mpg")[:25], read("lbax4n.mpg")[:25])
    for backend in (tracked, per_frame):
        landmarks = landmarks_of(backend, frames_THWC)
        assert landmarks.present_T.all()
        assert (centres_x(landmarks) > 216).all()


def test_a_larger_face_that_enters_is_taken_at_the_next_check(tracked: Backend, read: Reader) -> None:
    frames_THWC = side_by_side(read("bbaf2n.mpg")[:40], read("lbax4n.mpg")[:40])
    frames_THWC[:13, :, 216:] = 0
    on_large_T = centres_x(landmarks_of(tracked, frames_THWC)) > 216
    assert not on_large_T[:13].any()
    assert on_large_T[13 + CHECK_EVERY_FRAMES :].all()


def test_a_face_that_leaves_gives_way_to_the_one_that_stays(tracked: Backend, read: Reader) -> None:
    frames_THWC = side_by_side(read("bbaf2n.mpg")[:20], read("lbax4n.mpg")[:20])
    frames_THWC[10:, :, 216:] = 0
    landmarks = landmarks_of(tracked, frames_THWC)
    assert list(centres_x(landmarks) > 216) == [True] * 10 + [False] * 10
    assert landmarks.present_T.all()


@pytest.mark.parametrize("size_px", [(1, 1), (16, 16), (3, 200), (1280, 720)])
def test_any_frame_size_is_taken(tracked: Backend, per_frame: Backend, size_px: tuple[int, int]) -> None:
    frames_THWC = np.random.default_rng(3).integers(0, 256, (2, size_px[1], size_px[0], 3), np.uint8)
    for backend in (tracked, per_frame):
        assert not landmarks_of(backend, frames_THWC).present_T.any()


def test_other_frame_sizes_give_the_same_face(tracked: Backend, read: Reader) -> None:
    frames_THWC = read("bbaf2n.mpg")[:12]
    doubled = np.stack([cv2.resize(frame, (720, 576), interpolation=cv2.INTER_CUBIC) for frame in frames_THWC])
    small, large = landmarks_of(tracked, frames_THWC), landmarks_of(tracked, doubled)
    eyes_px = np.linalg.norm(np.diff(small.group("outer_eye_corners"), axis=1), axis=2).mean()
    assert np.abs(large.points_TNC / 2 - small.points_TNC).mean() < 0.02 * eyes_px


def test_it_is_quiet_needs_no_home_and_drags_in_no_tensorflow(model: Path, testdata: Path) -> None:
    code = (
        "import sys, cv2, numpy as np\n"
        "from pathlib import Path\n"
        "from services.base.media.video import FrameChunk\n"
        "from services.landmarks.face.mediapipe import open_mediapipe\n"
        "track = open_mediapipe(Path(sys.argv[1]), 'tracked').track(360, 288)\n"
        "frame = cv2.cvtColor(cv2.VideoCapture(sys.argv[2]).read()[1], cv2.COLOR_BGR2RGB)\n"
        "track.push(FrameChunk(0, frame[None], np.zeros(1)))\n"
        "strangers = {'tensorflow', 'matplotlib', 'sounddevice'} & set(sys.modules)\n"
        "print(int(track.finish().present_T.sum()), sorted(strangers))\n"
    )
    clip = testdata / "data" / "grid" / "s1_processed" / "bbaf2n.mpg"
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(model), str(clip)],
        capture_output=True, text=True, check=True, cwd=ROOT, env=environment,
    )  # fmt: skip
    assert done.stdout.strip() == "1 []"
    # How the heap falls decides whether the library remarks once that it copies a tensor.
    assert [line for line in done.stderr.splitlines() if "Input tensor memory is not aligned" not in line] == []


def test_a_dropped_backend_is_not_closed_because_closing_waits_for_the_network(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mediapipe.tasks.python.vision import FaceDetector, FaceLandmarker

    closed: list[object] = []
    monkeypatch.setattr(FaceDetector, "close", closed.append)
    monkeypatch.setattr(FaceLandmarker, "close", closed.append)
    open_mediapipe(model, "tracked")
    gc.collect()
    assert closed == []


def test_the_usage_upload_has_no_certificate_to_trust(model: Path) -> None:
    options = FaceTasks(model)._options_type(model_asset_buffer=b"x").to_ctypes()
    assert options.ca_bundle_path == os.devnull.encode()
