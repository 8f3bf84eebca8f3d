"""MediaPipe's pose and hand landmarkers, and a user's segmenter, as callables on one frame.

Points come relative to the frame's width and height. A moving landmarker follows what it found; `clear` before the next
clip makes it equal to a new one.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array
from services.landmarks.body.pose_bundle import exchange_visibility
from services.landmarks.mediapipe.library import BLACK, Library, image, quiet_until

MAX_PEOPLE = 4
_NUM_HANDS = 2
# What a new visibility counts against those before: as in MediaPipe's own smoothing, which is left out (pose_bundle).
_NEW_SHARE = np.float32(0.1)


@dataclass(frozen=True)
class FoundPerson:
    """xy_NC: float32 [33, 2], may leave 0..1. visibility_N: float32 [33], 0..1."""

    xy_NC: Float32Array
    visibility_N: Float32Array


@dataclass(frozen=True)
class FoundHand:
    """xy_NC: float32 [21, 2]. is_left: what the model takes it for, by itself, with this much certainty (0.5 to 1)."""

    xy_NC: Float32Array
    is_left: bool
    score: float


class BodyTasks:
    """The library with the bundles of pose and hands; makes landmarkers.

    Raises BadConfig when the pose bundle is not one that is known here.
    """

    def __init__(self, library: Library, pose: Path, hands: Path, least_confidence: float) -> None:
        self._library = library
        self._pose, self._pose_bundle = pose, _pose_bundle(pose)
        self._hands = hands
        self._least = least_confidence

    def moving_person(self) -> MovingPerson:
        return MovingPerson(self._library.mp, self._pose_task(self._library.vision.RunningMode.VIDEO, 1))

    def still_people(self) -> StillPeople:
        return StillPeople(self._library.mp, self._pose_task(self._library.vision.RunningMode.IMAGE, MAX_PEOPLE))

    def moving_hands(self) -> MovingHands:
        return MovingHands(self._library.mp, self._hand_task(self._library.vision.RunningMode.VIDEO))

    def still_hands(self) -> StillHands:
        return StillHands(self._library.mp, self._hand_task(self._library.vision.RunningMode.IMAGE))

    def _pose_task(self, running_mode: Any, num_poses: int) -> Any:
        vision = self._library.vision
        options = vision.PoseLandmarkerOptions(
            base_options=self._library.options_type(model_asset_buffer=self._pose_bundle),
            running_mode=running_mode,
            num_poses=num_poses,
            min_pose_detection_confidence=self._least,
            min_pose_presence_confidence=self._least,
            min_tracking_confidence=self._least,
        )
        return self._library.create(vision.PoseLandmarker, options, self._pose)

    def _hand_task(self, running_mode: Any) -> Any:
        vision = self._library.vision
        options = vision.HandLandmarkerOptions(
            base_options=self._library.options_type(model_asset_buffer=self._hands.read_bytes()),
            running_mode=running_mode,
            num_hands=_NUM_HANDS,
            min_hand_detection_confidence=self._least,
            min_hand_presence_confidence=self._least,
            min_tracking_confidence=self._least,
        )
        return self._library.create(vision.HandLandmarker, options, self._hands)


class _Clock:
    """Milliseconds for a task that only ever goes forward, at the pace of the clip's own times."""

    def __init__(self) -> None:
        self._now_ms = 0
        self._first_ms = 0
        self._first_s: float | None = None

    def at(self, time_s: float) -> int:
        if self._first_s is None:
            self._first_s, self._first_ms = time_s, self._now_ms + 1000
        self._now_ms = max(self._now_ms + 1, self._first_ms + round((time_s - self._first_s) * 1000))
        return self._now_ms

    def restart(self) -> int:
        """A time of its own, between two clips."""
        self._first_s = None
        self._now_ms += 1000
        return self._now_ms


class _Moving(abc.ABC):
    """What follows through frames shares this: the clock, and forgetting by a black frame."""

    def __init__(self, mp: Any, task: Any) -> None:
        self._mp = mp
        self._task = task
        self._clock = _Clock()
        self._holds = False
        self._seen = False
        # The first frame of all is treated otherwise than the first after a loss.
        self._run(BLACK, self._clock.restart())

    def clear(self) -> None:
        """Forget: a black frame loses what was followed, and with it every state."""
        now_ms = self._clock.restart()
        if self._holds and self._run(BLACK, now_ms):
            raise RuntimeError("the landmarker sees somebody in a black frame, so what it follows cannot be cleared")

    def _see(self, frame_HWC: UInt8Array, time_s: float) -> list[Any]:
        return self._run(frame_HWC, self._clock.at(time_s))

    def _run(self, frame_HWC: UInt8Array, now_ms: int) -> list[Any]:
        with quiet_until(self._seen):
            found = self._read(self._task.detect_for_video(image(self._mp, frame_HWC), now_ms))
        self._holds = bool(found)
        self._seen |= self._holds
        return found

    @abc.abstractmethod
    def _read(self, result: Any) -> list[Any]: ...


class MovingPerson(_Moving):
    """The body of one person, found in the first frame and followed; points and visibilities are smoothed over time."""

    def __init__(self, mp: Any, task: Any) -> None:
        self._visibility_N: Float32Array | None = None
        super().__init__(mp, task)

    def __call__(self, frame_HWC: UInt8Array, time_s: float) -> FoundPerson | None:
        """None when nobody is there, or the one followed is lost; then the next call searches the whole frame."""
        people: list[FoundPerson] = self._see(frame_HWC, time_s)
        if not people:
            self._visibility_N = None
            return None
        before_N, now_N = self._visibility_N, people[0].visibility_N
        self._visibility_N = now_N if before_N is None else before_N + _NEW_SHARE * (now_N - before_N)
        return FoundPerson(people[0].xy_NC, self._visibility_N)

    def clear(self) -> None:
        super().clear()
        self._visibility_N = None

    def _read(self, result: Any) -> list[FoundPerson]:
        return _people(result)


class MovingHands(_Moving):
    """Up to two hands, followed; a hand that is not is searched for in every frame."""

    def __call__(self, frame_HWC: UInt8Array, time_s: float) -> list[FoundHand]:
        hands: list[FoundHand] = self._see(frame_HWC, time_s)
        return hands

    def _read(self, result: Any) -> list[FoundHand]:
        return _hands(result)


class _Still:
    def __init__(self, mp: Any, task: Any) -> None:
        self._mp = mp
        self._task = task
        self._seen = False
        self._detect(BLACK, lambda _result: [])

    def _detect(self, frame_HWC: UInt8Array, read: Any) -> list[Any]:
        with quiet_until(self._seen):
            found: list[Any] = read(self._task.detect(image(self._mp, frame_HWC)))
        self._seen |= bool(found)
        return found


class StillPeople(_Still):
    """The bodies of up to MAX_PEOPLE people in one frame. Stateless."""

    def __call__(self, frame_HWC: UInt8Array) -> list[FoundPerson]:
        return self._detect(frame_HWC, _people)


class StillHands(_Still):
    """Up to two hands in one picture. Stateless."""

    def __call__(self, frame_HWC: UInt8Array) -> list[FoundHand]:
        return self._detect(frame_HWC, _hands)


class Segmenter:
    """A user's segmenter. One confidence mask: the person; several: the first is the background."""

    def __init__(self, library: Library, model: Path) -> None:
        vision = library.vision
        options = vision.ImageSegmenterOptions(
            base_options=library.options_type(model_asset_buffer=model.read_bytes()), output_confidence_masks=True
        )
        self._mp = library.mp
        self._task = library.create(vision.ImageSegmenter, options, model)
        self._seen = False

    def __call__(self, frame_HWC: UInt8Array) -> UInt8Array:
        """The frame with the background black: whatever is no person with more than 0.5."""
        with quiet_until(self._seen):
            masks = self._task.segment(image(self._mp, frame_HWC)).confidence_masks
        self._seen = True
        first_HW = np.squeeze(np.asarray(masks[0].numpy_view()))
        is_person_HW = first_HW > 0.5 if len(masks) == 1 else first_HW < 0.5
        return np.where(is_person_HW[:, :, None], frame_HWC, np.uint8(0))


def _pose_bundle(model: Path) -> bytes:
    try:
        return exchange_visibility(model.read_bytes())
    except (OSError, ValueError) as error:
        raise BadConfig(
            "MODEL_UNREADABLE", f"{model} is refused ({error}): give the official pose_landmarker_full.task"
        ) from error


def _people(result: Any) -> list[FoundPerson]:
    found = []
    for points in result.pose_landmarks:
        # The bundle's two are exchanged, see pose_bundle.
        values_NV = np.array([(p.x, p.y, p.presence) for p in points], np.float32)
        found.append(FoundPerson(values_NV[:, :2], values_NV[:, 2]))
    return found


def _hands(result: Any) -> list[FoundHand]:
    found = []
    for points, sides in zip(result.hand_landmarks, result.handedness, strict=True):
        xy_NC = np.array([(p.x, p.y) for p in points], np.float32)
        # With 1.2 "Left" is the person's own left in an image that is not mirrored.
        found.append(FoundHand(xy_NC, sides[0].category_name == "Left", float(sides[0].score)))
    return found
