"""How a face is followed: when it is searched for, when a track leaves it, and that a clip's points are its own."""

from pathlib import Path

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array
from services.base.media.points import Landmarks
from services.base.media.video import FrameChunk
from services.landmarks.face.mediapipe import CHECK_EVERY_FRAMES, FollowingTrack, PerFrameTrack, face_of, only_largest
from services.landmarks.mediapipe.tasks import FaceTasks, FoundFace

WIDTH_PX, HEIGHT_PX = 64, 48


def face(left: int, top: int, size: int, score: float = 0.9) -> FoundFace:
    return FoundFace(left, top, size, size, score)


def frame(*faces: FoundFace) -> UInt8Array:
    """Each face a square; its colour is its score in hundredths."""
    out_HWC = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    for one in faces:
        left, top, size = int(one.left_px), int(one.top_px), int(one.width_px)
        out_HWC[top : top + size, left : left + size] = round(one.score * 100)
    return out_HWC


class Squares:
    """Finds the squares of a frame, best score first."""

    def __init__(self) -> None:
        self.num_calls = 0

    def __call__(self, frame_HWC: UInt8Array) -> list[FoundFace]:
        self.num_calls += 1
        found = []
        for colour in sorted(set(np.unique(frame_HWC)) - {0}, reverse=True):
            rows, columns = np.nonzero(frame_HWC[:, :, 0] == colour)
            size = int(rows.max() - rows.min()) + 1
            found.append(FoundFace(int(columns.min()), int(rows.min()), size, size, float(colour) / 100))
        return found


def points_in(one: FoundFace) -> Float32Array:
    grid = np.linspace(0, one.width_px, 478, dtype=np.float32)
    return np.stack((one.left_px + grid, one.top_px + grid), axis=1)


class BestSquare:
    """A mesh that, like the real one, takes the best-scored face, and when moving stays where it was."""

    def __init__(self, moving: bool) -> None:
        self._find = Squares()
        self._moving = moving
        self._at: FoundFace | None = None

    def __call__(self, frame_HWC: UInt8Array) -> Float32Array | None:
        faces = self._find(frame_HWC)
        if self._moving and self._at is not None:
            x, y = (int(value) for value in self._at.centre_px)
            faces = [one for one in faces if frame_HWC[y, x, 0] == round(one.score * 100)]
        self._at = faces[0] if faces else None
        return points_in(faces[0]) if faces else None

    def clear(self) -> None:
        self._at = None


def follow(frames: list[UInt8Array], chunk_frames: int = 100) -> tuple[Landmarks, Squares]:
    finder = Squares()
    track = FollowingTrack(finder, BestSquare(moving=True), WIDTH_PX, HEIGHT_PX)  # type: ignore[arg-type]
    return push(track, frames, chunk_frames), finder


def push(track: FollowingTrack | PerFrameTrack, frames: list[UInt8Array], chunk_frames: int = 100) -> Landmarks:
    for first in range(0, len(frames), chunk_frames):
        some = np.stack(frames[first : first + chunk_frames])
        track.push(FrameChunk(first, some, np.zeros(len(some))))
    return track.finish()


def lefts(landmarks: Landmarks) -> list[int]:
    return [int(left) if np.isfinite(left) else -1 for left in landmarks.points_TNC[:, 0, 0]]


def sources(landmarks: Landmarks) -> str:
    return "".join(".Dti"[source] for source in landmarks.source_T)


def test_a_face_is_searched_once_and_confirmed_now_and_then() -> None:
    landmarks, finder = follow([frame(face(10, 10, 16))] * 31)
    assert sources(landmarks) == "D" + "t" * 30
    assert finder.num_calls == 1 + 30 // CHECK_EVERY_FRAMES


def test_a_lost_face_is_searched_for_in_the_very_frame_that_lost_it() -> None:
    frames = [frame(face(10, 10, 16))] * 3 + [frame(face(40, 20, 16))] * 2
    landmarks, _ = follow(frames)
    assert sources(landmarks) == "DttDt"
    assert lefts(landmarks) == [10, 10, 10, 40, 40]


def test_nothing_outlives_frames_without_a_face() -> None:
    one = frame(face(10, 10, 16))
    landmarks, finder = follow([frame()] * 3 + [one] * 2 + [frame()] * 2 + [one])
    assert sources(landmarks) == "...Dt..D"
    assert np.isnan(landmarks.points_TNC[~landmarks.present_T]).all()
    assert not landmarks.score_T[~landmarks.present_T].any()
    assert finder.num_calls == 7


def test_the_largest_of_several_is_followed_though_another_scores_better() -> None:
    small, large = face(4, 10, 8, 0.99), face(30, 10, 24, 0.6)
    landmarks, _ = follow([frame(small, large)] * 5)
    assert lefts(landmarks) == [30] * 5
    assert sources(landmarks) == "Dtttt"


def test_a_larger_face_takes_over_at_the_next_check() -> None:
    small, large = face(4, 10, 8), face(30, 10, 24, 0.8)
    landmarks, _ = follow([frame(small)] * 3 + [frame(small, large)] * 20)
    taken = lefts(landmarks).index(30)
    assert 3 <= taken <= CHECK_EVERY_FRAMES
    assert set(lefts(landmarks)[taken:]) == {30}
    assert sources(landmarks)[taken] == "D"


def test_two_of_a_size_do_not_take_turns() -> None:
    one, other = face(4, 10, 18), face(34, 10, 20, 0.8)
    landmarks, _ = follow([frame(one)] * 3 + [frame(one, other)] * 30)
    assert set(lefts(landmarks)) == {4}


def test_the_score_is_that_of_the_latest_confirmation() -> None:
    frames = [frame(face(10, 10, 16, 0.9))] * CHECK_EVERY_FRAMES + [frame(face(10, 10, 16, 0.7))] * 3
    landmarks, _ = follow(frames)
    expected = [0.9] * CHECK_EVERY_FRAMES + [0.7] * 3
    assert landmarks.score_T == pytest.approx(expected)


@pytest.mark.parametrize("chunk_frames", [1, 7, 11])
def test_chunks_decide_nothing(chunk_frames: int) -> None:
    small, large = face(4, 10, 8), face(30, 10, 24, 0.8)
    frames = [frame()] * 2 + [frame(small)] * 9 + [frame(small, large)] * 12 + [frame(large)] * 9
    whole, _ = follow(frames)
    pieces, _ = follow(frames, chunk_frames)
    assert pieces.points_TNC.tobytes() == whole.points_TNC.tobytes()
    assert sources(pieces) == sources(whole)


def test_per_frame_searches_each_frame_and_takes_the_largest() -> None:
    small, large = face(4, 10, 8, 0.99), face(30, 10, 24, 0.6)
    finder = Squares()
    track = PerFrameTrack(finder, BestSquare(moving=False), WIDTH_PX, HEIGHT_PX)  # type: ignore[arg-type]
    landmarks = push(track, [frame(small), frame(small, large), frame(), frame(large)])
    assert lefts(landmarks) == [4, 30, -1, 30]
    assert sources(landmarks) == "DD.D"
    assert landmarks.score_T == pytest.approx([0.99, 0.6, 0.0, 0.6])
    assert finder.num_calls == 4


def test_a_track_that_no_detection_confirms_leaves_for_one_that_is_seen() -> None:
    here = points_in(face(0, 0, 10))
    assert face_of(here, [face(30, 30, 5)]) is None
    own = face(1, 1, 9)
    assert face_of(here, [face(30, 30, 10), own]) is own
    assert face_of(here, [face(30, 30, 12), own]) is None


def test_only_the_largest_face_is_left_in_the_frame_even_where_boxes_touch() -> None:
    large, small = face(10, 10, 20, 0.6), face(28, 12, 8, 0.9)
    both = frame(small, large)
    both[0, 0] = 200
    alone = only_largest(both, [small, large])
    assert (alone[10:30, 10:30] == both[10:30, 10:30]).all()
    assert not alone[12:20, 30:36].any()
    assert (alone[0, 0] == 200).all()
    assert (both[12:20, 30:36] == 90).all()
    assert only_largest(both, [large]) is both


def test_boxes_that_reach_over_the_edge_are_cut() -> None:
    large, small = face(-10, -10, 40), face(60, 40, 20, 0.8)
    alone = only_largest(np.full((HEIGHT_PX, WIDTH_PX, 3), 7, np.uint8), [large, small])
    assert (alone[:30, :30] == 7).all()
    assert not alone[46:, 60:].any()


@pytest.mark.parametrize("content", [b"", b"not a bundle"])
def test_a_file_that_is_no_bundle_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.task").write_bytes(content)
    with pytest.raises(BadConfig, match=r"MODEL_UNREADABLE.*mine.task.*official face_landmarker.task"):
        FaceTasks(tmp_path / "mine.task")
