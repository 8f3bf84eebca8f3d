"""Who is followed: the most prominent person of a clip, found among all, then kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from services.base.media.arrays import Float64Array, UInt8Array
from services.landmarks.body.mediapipe_body import FoundPerson
from services.landmarks.body.ops import alone, prominence

# The one followed is held against all others this often; somebody else is seen no later.
CHECK_EVERY_FRAMES = 30
# How much more prominent another must be to take over: two of a size must not take turns.
_MORE_PROMINENT = 1.5
# Whoever is found this far from where the one before was seen last is somebody else, in the same measure as the next.
_OTHER_PERSON = 0.25
# Two findings of one person: their points lie closer than this share of the frame's height, in the mean.
_SAME_PERSON = 0.1

StillPeopleCall = Callable[[UInt8Array], list[FoundPerson]]


class MovingPersonCall(Protocol):
    def __call__(self, frame_HWC: UInt8Array, time_s: float) -> FoundPerson | None: ...

    def clear(self) -> None: ...


class PersonTrack:
    """One clip's person. several: whether the latest look at everybody saw more than one.

    changed: whether the latest frame's person is another one than was followed before.
    """

    def __init__(self, everybody: StillPeopleCall, one: MovingPersonCall) -> None:
        self._everybody = everybody
        self._one = one
        self._following = False
        self._num_since_check = 0
        self.several = False
        self.changed = False
        self._last: FoundPerson | None = None

    def forget(self) -> None:
        """The next frame's people are found anew, whoever was followed before."""
        if self._following:
            self._one.clear()
        self._following = False
        self._last = None

    def next(self, frame_HWC: UInt8Array, time_s: float) -> FoundPerson | None:
        """The person in this frame, or None."""
        before = self._last
        self.changed = False
        person = self._followed(frame_HWC, time_s)
        if person is not None:
            self.changed = self.changed or (before is not None and _distance(person, before) > _OTHER_PERSON)
            self._last = person
        return person

    def _followed(self, frame_HWC: UInt8Array, time_s: float) -> FoundPerson | None:
        person = self._one(frame_HWC, time_s) if self._following else None
        if person is None:
            return self._acquire(frame_HWC, time_s, self._everybody(frame_HWC))
        self._num_since_check += 1
        if self._num_since_check < CHECK_EVERY_FRAMES:
            return person
        self._num_since_check = 0
        people = self._everybody(frame_HWC)
        self.several = len(people) > 1
        if not _outshone(person, people, frame_HWC):
            return person
        self._one.clear()
        self.changed = True
        return self._acquire(frame_HWC, time_s, people)

    def _acquire(self, frame_HWC: UInt8Array, time_s: float, people: list[FoundPerson]) -> FoundPerson | None:
        self._num_since_check = 0
        self.several = len(people) > 1
        if not people:
            self._following = False
            return None
        chosen, *others = sorted(people, key=lambda one: -prominence_in(one, frame_HWC))
        only_HWC = frame_HWC
        if others:
            only_HWC = alone(frame_HWC, pixels(chosen, frame_HWC), [pixels(one, frame_HWC) for one in others])
        person = self._one(only_HWC, time_s)
        self._following = person is not None
        return person


def pixels(person: FoundPerson, frame_HWC: UInt8Array) -> Float64Array:
    """float64 [33, 2], pixels of the frame."""
    height_px, width_px = frame_HWC.shape[:2]
    return person.xy_NC.astype(np.float64) * (width_px, height_px)


def prominence_in(person: FoundPerson, frame_HWC: UInt8Array) -> float:
    height_px, width_px = frame_HWC.shape[:2]
    return prominence(pixels(person, frame_HWC), width_px, height_px)


def _outshone(person: FoundPerson, people: list[FoundPerson], frame_HWC: UInt8Array) -> bool:
    own = prominence_in(person, frame_HWC)
    return any(
        prominence_in(other, frame_HWC) > _MORE_PROMINENT * own
        for other in people
        if _distance(other, person) > _SAME_PERSON
    )


def _distance(one: FoundPerson, other: FoundPerson) -> float:
    return float(np.hypot(*(one.xy_NC - other.xy_NC).T).mean())
