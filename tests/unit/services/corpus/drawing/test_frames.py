"""Frames of a speaker: what moves, what does not, and that it is always the same."""

import functools

import numpy as np
import pytest

from services.base.media.arrays import UInt8Array
from services.corpus.drawing.frames import Actor, draw_frames
from services.corpus.drawing.head import HEAD
from services.corpus.drawing.look import HAIR_STYLES, look_of
from services.corpus.drawing.mouth import WIDEST_GAP, MouthPose, drop_jaw, lay_mouth

SHUT = MouthPose(0, 0, 0)


@functools.cache
def actor(speaker: int = 1) -> Actor:
    return Actor.of(look_of(0, speaker))


def frames(poses: list[MouthPose], seed: str = "x", speaker: int = 1) -> list[UInt8Array]:
    return list(draw_frames(actor(speaker), poses, seed))


def head_with(pose: MouthPose, speaker: int = 1) -> np.ndarray:
    head = actor(speaker).head.copy()
    lay_mouth(head, actor(speaker).look, HEAD, pose)
    return head


def test_a_frame_has_grids_size() -> None:
    (frame,) = frames([SHUT])
    assert (frame.shape, frame.dtype) == ((288, 360, 3), np.uint8)


def test_a_window_has_the_frames_pixels() -> None:
    window = (slice(120, 200), slice(90, 250))
    poses = [SHUT, MouthPose(1, 0, 0)]
    whole, inside = frames(poses), list(draw_frames(actor(), poses, "x", window))
    np.testing.assert_array_equal(inside, [frame[window] for frame in whole])


def test_the_same_seed_gives_the_same_frames() -> None:
    one, two, other = frames([SHUT] * 2), frames([SHUT] * 2), frames([SHUT] * 2, "y")
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_drawing_a_clip_does_not_wear_the_speaker_out() -> None:
    before = actor().head.copy()
    frames([MouthPose(0.9, 0, 0)])
    np.testing.assert_array_equal(actor().head, before)


def test_the_head_wanders_a_little_and_blinks() -> None:
    clip = np.array(frames([SHUT] * 75), np.float32)
    still = np.abs(np.diff(clip[:, 200:, :40].mean(axis=3), axis=0)).mean()
    head = np.abs(np.diff(clip[:, 60:230, 120:240].mean(axis=3), axis=0)).mean()
    assert head > 1.2 * still
    eyes = clip[:, 125:150, 130:230].max(axis=3).std(axis=(1, 2))
    assert eyes.min() < 0.85 * np.median(eyes)


@pytest.mark.parametrize("speaker", range(1, len(HAIR_STYLES) + 1))
def test_the_dark_between_the_lips_grows_with_the_opening(speaker: int) -> None:
    column = round(-HEAD.left * HEAD.px_per_unit)
    rows = slice(round((0.8 - HEAD.top) * HEAD.px_per_unit), round((1.5 - HEAD.top) * HEAD.px_per_unit))
    shut = head_with(SHUT, speaker)
    changed = []
    for opening in (0.2, 0.5, 0.8):
        parted = head_with(MouthPose(opening, 0, 0), speaker)
        changed.append(int((np.abs(parted - shut)[rows, column, :3].max(axis=1) > 0.15).sum()))
    assert changed == sorted(changed)
    assert changed[-1] > 0.8 * WIDEST_GAP * HEAD.px_per_unit * 0.8


def test_rounding_narrows_the_mouth() -> None:
    bare = actor().head
    row = round((1.0 - HEAD.top) * HEAD.px_per_unit)
    spread, rounded = (
        (np.abs(head_with(pose) - bare)[row - 12 : row + 12, :, :3].max(axis=(0, 2)) > 0.08).sum()
        for pose in (MouthPose(0.1, 0.8, 0), MouthPose(0.1, -0.6, 0.9))
    )
    assert rounded < 0.85 * spread


def test_the_chin_follows_the_jaw() -> None:
    head = actor().head.copy()
    column = round(-HEAD.left * HEAD.px_per_unit)
    chin_before = np.flatnonzero(head[:, column, 3] > 0.5)[-1]
    drop_jaw(head, HEAD, 1.0)
    chin_after = np.flatnonzero(head[:, column, 3] > 0.5)[-1]
    assert 0.08 < (chin_after - chin_before) / HEAD.px_per_unit < 0.25


@pytest.mark.parametrize("pose", [(1.2, 0, 0), (0, -1.5, 0), (0, 0, -0.1), (float("nan"), 0, 0)])
def test_a_pose_no_mouth_can_take_cannot_be_made(pose: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="mouth pose"):
        MouthPose(*pose)
