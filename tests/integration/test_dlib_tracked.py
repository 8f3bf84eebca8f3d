"""The dlib backend on real clips: per-frame is dlib itself, tracked is the same faces for a fraction of the work."""

from functools import cache
from pathlib import Path

import av
import cv2
import dlib
import numpy as np
import pytest

from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import IBUG_68, topology
from services.base.media.video import FrameChunk
from services.landmarks.face.backend import Backend
from services.landmarks.face.dlib.points import open_dlib68
from services.landmarks.models import DLIB_PREDICTOR, find

LIPS = list(topology(IBUG_68).group("lips"))
EYE_CORNERS = list(topology(IBUG_68).group("outer_eye_corners"))


@pytest.fixture(scope="module")
def predictor() -> Path:
    path = find(DLIB_PREDICTOR)
    if path is None:
        pytest.skip("no 68-point predictor: pip install 'visemill[dlib68]'")
    return path


@pytest.fixture(scope="module")
def tracked(predictor: Path) -> Backend:
    return open_dlib68(predictor, "tracked")


@pytest.fixture(scope="module")
def per_frame(predictor: Path) -> Backend:
    return open_dlib68(predictor, "per-frame")


@cache
def frames_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture
def speaker(testdata: Path) -> np.ndarray:
    return frames_of(testdata / "data/grid/s1_processed/bbaf2n.mpg")


@pytest.fixture
def other_speaker(testdata: Path) -> np.ndarray:
    return frames_of(testdata / "data/grid/other_processed/lbax4n.mpg")


def landmarks(backend: Backend, frames: np.ndarray, num_a_chunk: int = 75) -> Landmarks:
    track = backend.track(frames.shape[2], frames.shape[1])
    for start in range(0, len(frames), num_a_chunk):
        part = frames[start : start + num_a_chunk]
        track.push(FrameChunk(start, part, (start + np.arange(len(part))) / 25.0))
    return track.finish()


def scaled(frames: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.stack([cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in frames])


def mouth_boxes(found: Landmarks) -> np.ndarray:
    """Padded as the crops are: 20 % of the width, 30 % of the height to each side."""
    low, high = found.points_TNC[:, LIPS].min(axis=1), found.points_TNC[:, LIPS].max(axis=1)
    pad = (high - low) * [0.2, 0.3]
    return np.concatenate([low - pad, high + pad], axis=1)


def mean_iou(a: np.ndarray, b: np.ndarray) -> float:
    shared = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None).prod(axis=1)
    areas = [(box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a, b)]
    return float((shared / (areas[0] + areas[1] - shared)).mean())


def nme_percent(found: Landmarks, reference: Landmarks) -> float:
    """Mean distance of points over the distance of the outer eye corners, in percent."""
    both = found.present_T & reference.present_T
    a, b = found.points_TNC[both], reference.points_TNC[both]
    eyes = np.linalg.norm(np.diff(b[:, EYE_CORNERS], axis=1)[:, 0], axis=1)
    return float((np.linalg.norm(a - b, axis=2).mean(axis=1) / eyes).mean() * 100)


def assert_same_faces(found: Landmarks, reference: Landmarks, min_iou: float = 0.9) -> None:
    assert np.array_equal(found.present_T, reference.present_T)
    both = found.present_T
    if both.any():
        assert mean_iou(mouth_boxes(found)[both], mouth_boxes(reference)[both]) >= min_iou


def test_per_frame_is_what_dlib_itself_gives(per_frame: Backend, predictor: Path, speaker: np.ndarray) -> None:
    detect, predict = dlib.get_frontal_face_detector(), dlib.shape_predictor(str(predictor))
    frames = speaker[:60:10]
    found = landmarks(per_frame, frames)
    for i, frame in enumerate(frames):
        rects, scores, _ = detect.run(frame, 1, 0.0)
        best = max(range(len(rects)), key=lambda r: rects[r].area())
        points = [(p.x, p.y) for p in predict(frame, rects[best]).parts()]
        assert np.array_equal(found.points_TNC[i], np.array(points, np.float32))
        assert found.score_T[i] == np.float32(scores[best])
    assert (found.source_T == PointSource.DETECTED).all()


def test_models_name_the_predictor_by_its_digest(tracked: Backend, per_frame: Backend) -> None:
    assert set(tracked.models) == {DLIB_PREDICTOR} and len(tracked.models[DLIB_PREDICTOR]) == 64
    assert tracked.models == per_frame.models
    assert tracked.topology == IBUG_68


@pytest.mark.parametrize("clip", ["s1_processed/bbaf2n", "s1_processed/sbbbzp", "other_processed/id2_vcd_swwp2s"])
def test_tracked_points_are_the_reference_within_a_fifth_of_a_percent(
    tracked: Backend, per_frame: Backend, testdata: Path, clip: str
) -> None:
    frames = frames_of(testdata / f"data/grid/{clip}.mpg")
    found, reference = landmarks(tracked, frames), landmarks(per_frame, frames)
    assert nme_percent(found, reference) <= 0.2
    assert_same_faces(found, reference, min_iou=0.98)
    held = found.source_T == PointSource.TRACKED
    assert 0.3 < held.mean() <= 0.8


@pytest.mark.slow
def test_tracked_is_the_reference_on_real_clips(tracked: Backend, per_frame: Backend, testdata: Path) -> None:
    """Takes most of a minute: the reference detects on every frame of every sixth real clip."""
    errors, ious = [], []
    for path in sorted((testdata / "data/grid").glob("*/*.mpg"))[::6]:
        frames = frames_of.__wrapped__(path)
        found, reference = landmarks(tracked, frames), landmarks(per_frame, frames)
        assert np.array_equal(found.present_T, reference.present_T), path.name
        errors.append(nme_percent(found, reference))
        ious.append(mean_iou(*(mouth_boxes(x)[found.present_T] for x in (found, reference))))
    assert np.mean(errors) <= 0.1
    assert min(ious) >= 0.95


@pytest.mark.parametrize("clip", ["lrarzn", "prii9a"])
def test_grey_frames_without_a_decoder_error_are_missing(tracked: Backend, testdata: Path, clip: str) -> None:
    frames = frames_of(testdata / f"data/grid/s1_processed/{clip}.mpg")
    found = landmarks(tracked, frames)
    missing = np.flatnonzero(~found.present_T)
    assert len(missing) == 12
    assert np.array_equal(missing, np.arange(missing[0], missing[0] + 12))
    assert np.isnan(found.points_TNC[missing]).all() and (found.score_T[missing] == 0).all()
    assert (found.source_T[missing] == PointSource.MISSING).all()


@pytest.mark.parametrize("num_a_chunk", [1, 7])
def test_chunks_make_no_difference(tracked: Backend, testdata: Path, num_a_chunk: int) -> None:
    frames = frames_of(testdata / "data/grid/s1_processed/lrarzn.mpg")
    whole, parts = landmarks(tracked, frames), landmarks(tracked, frames, num_a_chunk)
    assert whole.points_TNC.tobytes() == parts.points_TNC.tobytes()
    assert whole.score_T.tobytes() == parts.score_T.tobytes()
    assert whole.source_T.tobytes() == parts.source_T.tobytes()


def test_clips_do_not_touch_each_other(
    tracked: Backend, predictor: Path, speaker: np.ndarray, other_speaker: np.ndarray
) -> None:
    alone = landmarks(open_dlib68(predictor, "tracked"), speaker[:20])
    landmarks(tracked, other_speaker[:13])
    assert landmarks(tracked, speaker[:20]).points_TNC.tobytes() == alone.points_TNC.tobytes()


def test_frames_need_not_be_contiguous(tracked: Backend, speaker: np.ndarray) -> None:
    mirrored = speaker[:6, :, ::-1]
    copied = np.ascontiguousarray(mirrored)
    assert landmarks(tracked, mirrored).points_TNC.tobytes() == landmarks(tracked, copied).points_TNC.tobytes()


def test_a_face_that_leaves_and_comes_back(tracked: Backend, per_frame: Backend, speaker: np.ndarray) -> None:
    frames = speaker[:32].copy()
    frames[13:24] = 128
    frames[27] = 0
    assert_same_faces(landmarks(tracked, frames), landmarks(per_frame, frames))


def test_a_cut_to_another_speaker(
    tracked: Backend, per_frame: Backend, speaker: np.ndarray, other_speaker: np.ndarray
) -> None:
    frames = np.concatenate([speaker[:13], other_speaker[:12]])
    assert_same_faces(landmarks(tracked, frames), landmarks(per_frame, frames))


@pytest.mark.parametrize("is_smaller_first", [True, False])
def test_the_larger_of_two_faces(
    tracked: Backend, per_frame: Backend, speaker: np.ndarray, other_speaker: np.ndarray, is_smaller_first: bool
) -> None:
    small = np.pad(scaled(other_speaker[:16], 240, 192), ((0, 0), (48, 48), (0, 0), (0, 0)), mode="edge")
    pair = [small, speaker[:16]] if is_smaller_first else [speaker[:16], small]
    frames = np.concatenate(pair, axis=2)
    assert_same_faces(landmarks(tracked, frames), landmarks(per_frame, frames))


@pytest.mark.parametrize("does_appear", [True, False])
def test_a_larger_face_that_appears_or_leaves(
    tracked: Backend, per_frame: Backend, speaker: np.ndarray, other_speaker: np.ndarray, does_appear: bool
) -> None:
    small = np.pad(scaled(other_speaker[:24], 240, 192), ((0, 0), (48, 48), (0, 0), (0, 0)), mode="edge")
    large = speaker[:24].copy()
    large[slice(0, 11) if does_appear else slice(11, None)] = 90
    frames = np.concatenate([small, large], axis=2)
    assert_same_faces(landmarks(tracked, frames), landmarks(per_frame, frames))


@pytest.mark.parametrize(("width", "height", "step"), [(720, 576, 4), (180, 144, 1), (120, 96, 1), (90, 72, 1)])
def test_other_frame_sizes(
    tracked: Backend, per_frame: Backend, speaker: np.ndarray, width: int, height: int, step: int
) -> None:
    frames = scaled(speaker[: 24 * step : step][: 24 // step], width, height)
    assert_same_faces(landmarks(tracked, frames), landmarks(per_frame, frames))


def test_a_face_that_crosses_the_frame(tracked: Backend, per_frame: Backend, speaker: np.ndarray) -> None:
    frames = np.stack([np.roll(frame, 5 * i - 50, axis=1) for i, frame in enumerate(speaker[:24])])
    assert_same_faces(landmarks(tracked, frames), landmarks(per_frame, frames))


@pytest.mark.parametrize("shape", [(12, 288, 360, 3), (7, 40, 60, 3), (3, 1, 1, 3), (1, 79, 79, 3)])
def test_frames_without_a_face_are_missing(tracked: Backend, shape: tuple[int, ...]) -> None:
    found = landmarks(tracked, np.zeros(shape, np.uint8))
    assert found.points_TNC.shape == (shape[0], 68, 2)
    assert not found.present_T.any()


def test_no_frames_are_no_points(tracked: Backend) -> None:
    assert tracked.track(360, 288).finish().points_TNC.shape == (0, 68, 2)


def test_frames_of_another_size_than_announced_are_refused(tracked: Backend, speaker: np.ndarray) -> None:
    with pytest.raises(ValueError, match="360x288"):
        tracked.track(180, 144).push(FrameChunk(0, speaker[:1], np.zeros(1)))


def test_averaged_rectangles_shake_less(predictor: Path, tracked: Backend, speaker: np.ndarray) -> None:
    plain = landmarks(tracked, speaker[:40])
    averaged = landmarks(open_dlib68(predictor, "tracked", num_jitters=9), speaker[:40])
    steps = [np.linalg.norm(np.diff(x.points_TNC, axis=0), axis=2).mean() for x in (averaged, plain)]
    assert steps[0] < 0.8 * steps[1]
    assert nme_percent(averaged, plain) < 2.0
