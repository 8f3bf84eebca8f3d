"""What the tracker promises, told with a search that reads its answers off a script."""

from collections.abc import Callable

import numpy as np
import pytest

from services.base.media.points import PointSource
from services.landmarks.face.dlib.pyramid import Rect
from services.landmarks.face.dlib.search import Face
from services.landmarks.face.dlib.tracking import NUM_FRAMES_A_KEY, KeyframeTracker, Sighting

HERE = Rect(100, 100, 208, 208)
BESIDE = Rect(112, 100, 220, 208)
LARGER = Rect(300, 100, 455, 255)


class Script:
    """A face for each frame number; the number is written into the frame's first pixel."""

    def __init__(self, rect_of: Callable[[int], Rect | None]) -> None:
        self._rect_of = rect_of
        self.looked_at: list[int] = []
        self.num_sweeps = 0

    def _look(self, frame: np.ndarray) -> Face | None:
        index = int(frame[0, 0, 0])
        self.looked_at.append(index)
        rect = self._rect_of(index)
        return Face(rect, 2.0 - index / 100, 0, 6) if rect is not None else None

    def follow(self, frame: np.ndarray, known: Face) -> Face | None:
        face = self._look(frame)
        return face if face is not None and face.rect.overlap(known.rect)[0] > 0.2 else None

    def anywhere(self, frame: np.ndarray) -> Face | None:
        return self._look(frame)

    def larger(self, frame: np.ndarray, known: Face) -> Face | None:
        self.num_sweeps += 1
        face = self._look(frame)
        return face if face is not None and face.rect.area > known.rect.area else None


def frame(index: int, grey: int = 90) -> np.ndarray:
    pixels = np.full((320, 480, 3), grey, np.uint8)
    pixels[0, 0] = index
    return pixels


def sightings(script: Script, frames: list[np.ndarray]) -> list[Sighting]:
    tracker = KeyframeTracker(script)  # type: ignore[arg-type]
    seen = tracker.segment(frames[:1])
    for start in range(1, len(frames), NUM_FRAMES_A_KEY):
        seen += tracker.segment(frames[start : start + NUM_FRAMES_A_KEY])
    return seen


def rects(seen: list[Sighting]) -> list[Rect | None]:
    return [s.face.rect if s.face is not None else None for s in seen]


def test_a_still_face_is_searched_on_keyframes_only_and_held_between() -> None:
    script = Script(lambda _: HERE)
    seen = sightings(script, [frame(i) for i in range(21)])
    assert set(script.looked_at) == {0, 5, 10, 15, 20}
    assert rects(seen) == [HERE] * 21
    detected = [i for i, s in enumerate(seen) if s.source == PointSource.DETECTED]
    assert detected == [0, 5, 10, 15, 20]
    assert all(s.source == PointSource.TRACKED for i, s in enumerate(seen) if i % 5)


def test_a_held_frame_has_the_lower_score_of_its_keyframes() -> None:
    seen = sightings(Script(lambda _: HERE), [frame(i) for i in range(6)])
    assert [s.face.score for s in seen if s.face] == pytest.approx([2.0] + [1.95] * 5)


@pytest.mark.parametrize("change", range(1, 20))
def test_a_change_is_found_on_the_very_frame(change: int) -> None:
    truth = [HERE if i < change else BESIDE for i in range(20)]
    assert rects(sightings(Script(truth.__getitem__), [frame(i) for i in range(20)])) == truth


@pytest.mark.parametrize(("leaves", "returns"), [(5, 17), (6, 13), (0, 12), (9, 20), (3, 9)])
def test_a_face_that_leaves_is_missing_until_it_is_back(leaves: int, returns: int) -> None:
    truth = [None if leaves <= i < returns else HERE for i in range(20)]
    seen = sightings(Script(truth.__getitem__), [frame(i) for i in range(20)])
    assert rects(seen) == truth
    assert [s.source == PointSource.MISSING for s in seen] == [t is None for t in truth]


def test_a_clip_without_a_face_is_missing_throughout() -> None:
    seen = sightings(Script(lambda _: None), [frame(i) for i in range(12)])
    assert rects(seen) == [None] * 12


def test_a_flash_between_keyframes_is_not_bridged() -> None:
    truth = [None if i == 7 else HERE for i in range(11)]
    frames = [frame(i, grey=240 if i == 7 else 90) for i in range(11)]
    seen = sightings(Script(truth.__getitem__), frames)
    assert rects(seen) == truth
    assert seen[7].source == PointSource.MISSING
    assert seen[6].source == PointSource.TRACKED


def test_a_cut_is_swept_for_a_larger_face_at_once() -> None:
    frames = [frame(i, grey=90 if i < 8 else 160) for i in range(16)]
    script = Script(lambda i: HERE if i < 8 else LARGER)
    assert rects(sightings(script, frames)) == [HERE] * 8 + [LARGER] * 8


def test_a_larger_face_wins_within_a_sweep() -> None:
    class TwoFaces(Script):
        def follow(self, frame: np.ndarray, known: Face) -> Face | None:
            return Face(known.rect, 2.0, 0, 6)

    script = TwoFaces(lambda i: HERE if i < 8 else LARGER)
    seen = rects(sightings(script, [frame(i) for i in range(61)]))
    assert seen[:8] == [HERE] * 8
    assert seen[40:] == [LARGER] * 21
    assert script.num_sweeps < 5


def test_one_frame_is_a_clip() -> None:
    assert rects(sightings(Script(lambda _: HERE), [frame(0)])) == [HERE]
