"""Cuts are seen, and nothing else is taken for one."""

import numpy as np
import pytest

from services.landmarks.scenes import SceneCuts


def picture(seed, *, like=None, share=1.0):
    """Random blocks, uint8 [96, 128, 3]; `share` of them new and the others those of `like`."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (12, 16, 3), np.uint8)
    if like is not None:
        blocks = np.where(rng.random((12, 16, 1)) < share, blocks, like[::8, ::8])
    return blocks.repeat(8, axis=0).repeat(8, axis=1)


def cuts(frames):
    seen = SceneCuts()
    return [i for i, frame in enumerate(frames) if seen.next(frame)]


A, B = picture(0), picture(1)
BLACK = np.zeros_like(A)
MOVING = [picture(i, like=A, share=0.1) for i in range(2, 10)]
STILL = [(A.astype(int) + i % 2).clip(0, 255).astype(np.uint8) for i in range(8)]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([A, A, B, B], [2]),
        ([A, B, A], [1, 2]),
        # What moves, the light that goes up, a blink, and the way out of the dark.
        (MOVING, []),
        ([A, (A * 0.6).astype(np.uint8), A], []),
        ([A, BLACK, A], []),
        ([BLACK, A], []),
        ([A, BLACK, B], [2]),
        # Another person before the same wall: nothing moved before, and much is another at once.
        ([*STILL, picture(9, like=A, share=0.3), picture(9, like=A, share=0.3)], [8]),
        ([*MOVING, picture(9, like=A, share=0.3)], []),
        ([A], []),
    ],
)
def test_a_new_scene_begins_where_the_picture_is_another(frames, expected):
    assert cuts(frames) == expected


def dissolve(num_frames):
    """From four frames of A to ten of B."""
    shares = [(i + 1) / (num_frames + 1) for i in range(num_frames)]
    return [A] * 4 + [(A * (1 - share) + B * share).round().astype(np.uint8) for share in shares] + [B] * 10


@pytest.mark.parametrize("num_frames", [1, 2, 3, 5, 6])
def test_a_dissolve_is_one_cut_from_where_the_next_scene_prevails(num_frames):
    (cut,) = cuts(dissolve(num_frames))
    assert 4 + num_frames / 2 < cut + 1 <= 4 + num_frames + 1


def test_a_dissolve_goes_on_until_the_next_scene_is_alone():
    seen, blending = SceneCuts(), []
    for frame in dissolve(5):
        seen.next(frame)
        blending.append(seen.blending)
    first = blending.index(True)
    # Four frames, five mixed ones, and the step to the first that is not mixed.
    assert blending == [False] * first + [True] * (10 - first) + [False] * 9


def test_what_moves_for_long_is_no_dissolve():
    frames = [picture(2, like=A, share=share) for share in np.linspace(0, 0.3, 20)]
    assert cuts(frames) == []
