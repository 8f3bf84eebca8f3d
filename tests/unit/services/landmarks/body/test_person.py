"""Who is followed: found once, kept, found anew in the very frame that loses them, left for somebody far larger."""

import numpy as np
import pytest

from services.landmarks.body.mediapipe_body import FoundPerson
from services.landmarks.body.person import CHECK_EVERY_FRAMES, PersonTrack

SIZE_PX = (480, 400)


@pytest.fixture
def person(body):
    def made(centre_x: float, size: float = 40.0) -> FoundPerson:
        xy = body(centre_x, 20.0, size) / (SIZE_PX[1], SIZE_PX[0])
        return FoundPerson(xy.astype(np.float32), np.ones(33, np.float32))

    return made


class Everybody:
    """Sees whoever is in the scene."""

    def __init__(self, scene: list[list[FoundPerson]]) -> None:
        self.scene = scene
        self.at = 0
        self.num_calls = 0

    def __call__(self, frame_HWC):
        self.num_calls += 1
        return self.scene[self.at]


class Follower:
    """Like the real one: takes the first who is not blacked out, then follows that one while there."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self._whom: FoundPerson | None = None
        self.num_cleared = 0

    def __call__(self, frame_HWC, time_s):
        people = self._everybody.scene[self._everybody.at]
        if not any(one is self._whom for one in people):
            self._whom = next((one for one in people if self._is_visible(one, frame_HWC)), None)
        return self._whom

    def clear(self):
        self.num_cleared += 1
        self._whom = None

    def _is_visible(self, one, frame_HWC):
        x, y = (one.xy_NC[0] * (SIZE_PX[1], SIZE_PX[0])).astype(int)
        return bool(frame_HWC[y, x].any())


def follow(scene):
    everybody = Everybody(scene)
    track = PersonTrack(everybody, Follower(everybody))
    found, several = [], []
    for at in range(len(scene)):
        everybody.at = at
        found.append(track.next(np.full((*SIZE_PX, 3), 255, np.uint8), at / 15))
        several.append(track.several)
    return found, several, everybody.num_calls


def test_one_person_is_looked_for_once_and_checked_now_and_then(person):
    one = person(200)
    found, several, num_calls = follow([[one]] * (2 * CHECK_EVERY_FRAMES + 1))
    assert all(each is one for each in found)
    assert not any(several)
    assert num_calls == 1 + 2


def test_nobody_is_nobody_until_somebody_comes(person):
    one = person(200)
    found, _, _ = follow([[], [], [one], [], [one]])
    assert found == [None, None, one, None, one]


def test_of_several_the_most_prominent_is_followed_whoever_the_model_prefers(person):
    small, large = person(60, 25), person(260, 60)
    found, several, _ = follow([[small, large]] * 4)
    assert all(each is large for each in found)
    assert all(several)


def test_two_of_a_size_do_not_take_turns_but_somebody_far_larger_takes_over(person):
    one, twin, giant = person(120, 40), person(290, 42), person(290, 90)
    found, _, _ = follow([[one]] * 2 + [[one, twin]] * (2 * CHECK_EVERY_FRAMES))
    assert all(each is one for each in found)
    found, _, _ = follow([[one]] * 2 + [[one, giant]] * (CHECK_EVERY_FRAMES + 2))
    assert found[2] is one
    assert found[-1] is giant


def test_the_one_who_stays_is_taken_when_the_other_leaves(person):
    small, large = person(60, 25), person(260, 60)
    found, _, _ = follow([[small, large]] * 3 + [[small]] * 2)
    assert found == [large] * 3 + [small] * 2


def changes(scene):
    """Places at which another person is told of."""
    everybody = Everybody(scene)
    track = PersonTrack(everybody, Follower(everybody))
    found = []
    for at in range(len(scene)):
        everybody.at = at
        track.next(np.full((*SIZE_PX, 3), 255, np.uint8), at / 15)
        found.append(track.changed)
    return [at for at, changed in enumerate(found) if changed]


def test_it_is_told_when_another_person_is_followed(person):
    small, large, giant = person(60, 25), person(260, 60), person(290, 90)
    assert changes([[small, large]] * 3 + [[small]] * 2) == [3]
    assert changes([[large]] * 3 + [[]] * 2 + [[small]] * 2) == [5]
    assert changes([[small]] * 2 + [[small, giant]] * (CHECK_EVERY_FRAMES + 2)) == [CHECK_EVERY_FRAMES]
    assert changes([[large]] * 3 + [[]] + [[person(258, 60)]] * 2) == []


def test_after_a_cut_the_person_is_found_anew(person):
    one, other = person(200), person(210)
    everybody = Everybody([[one], [one, other], [one]])
    follower = Follower(everybody)
    track = PersonTrack(everybody, follower)
    for at in range(3):
        everybody.at = at
        if at == 1:
            track.forget()
        track.next(np.full((*SIZE_PX, 3), 255, np.uint8), at / 15)
    assert (everybody.num_calls, follower.num_cleared) == (2, 1)
    assert not track.changed
