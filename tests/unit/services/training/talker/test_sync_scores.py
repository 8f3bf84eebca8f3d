"""Right answers are counted, offsets are found, and what is not known does not count."""

import numpy as np

from services.training.talker.sync_scores import (
    MOST_SHIFT,
    SyncCounts,
    counts_by_second,
    counts_of,
    likenesses,
    offset_of,
    shifts,
)

NUM = 60


def vectors(seed: int, num: int = NUM) -> np.ndarray:
    found = np.random.default_rng(seed).standard_normal((num, 32)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


VOICED = np.ones(NUM, np.bool_)


def counted(faces: np.ndarray, sounds: np.ndarray, voiced: np.ndarray = VOICED) -> SyncCounts:
    return counts_of(likenesses(faces, sounds, range(len(faces))), voiced)


def test_faces_that_know_their_sounds_are_right_everywhere():
    found = counted(vectors(1), vectors(1))
    assert found.frames_right == found.frames > 0 and found.windows_right == found.windows > 0
    assert found.offset_frames == 0 and found.sums()["offsets_right"] == 1
    assert found.own / found.pairs > 0.99


def test_faces_that_know_nothing_are_right_by_chance():
    found = counted(vectors(1, 600), vectors(2, 600), np.ones(600, np.bool_))
    assert abs(found.frames_right / found.frames - 0.5) < 0.05


def test_equal_likenesses_are_no_answer():
    same = np.ones((NUM, 1), np.float32)
    found = counted(same, same)
    assert found.frames_right == found.frames / 2


def test_sound_that_is_late_is_found_where_it_is():
    sounds = vectors(1)
    for shift in (-5, -1, 0, 1, 5):
        likeness = likenesses(np.roll(sounds, -shift, axis=0), sounds, range(NUM))
        assert offset_of(likeness, VOICED) == shift


def test_seconds_add_up_to_what_the_clip_has():
    likeness_NS = likenesses(vectors(1), vectors(2), range(NUM))
    whole, seconds = counts_of(likeness_NS, VOICED), counts_by_second(likeness_NS, VOICED, range(NUM))
    assert len(seconds) == 2
    for name in ("frames_right", "frames", "windows_right", "windows", "pairs"):
        assert sum(getattr(one, name) for one in seconds) == getattr(whole, name) > 0


def test_silent_frames_do_not_count_and_a_silent_clip_has_no_offset():
    voiced = np.arange(NUM) < 10
    assert counted(vectors(1), vectors(1), voiced).frames < 10 * len(shifts())
    silent = counted(vectors(1), vectors(1), np.zeros(NUM, np.bool_))
    assert (silent.frames, silent.windows, silent.offset_frames) == (0, 0, None)
    assert silent.sums()["offsets"] == 0


def test_shifts_are_a_fifth_of_a_second_or_more_either_way():
    assert min(abs(shifts())) == 5 and set(shifts()) == {*range(-15, -4), *range(5, 16)}


def test_likenesses_beyond_the_ends_are_not_known():
    found = likenesses(vectors(1)[:2], vectors(1), [0, NUM - 1])
    assert np.isnan(found[0, :MOST_SHIFT]).all() and np.isfinite(found[0, MOST_SHIFT:]).all()
    assert np.isnan(found[1, MOST_SHIFT + 1 :]).all()
