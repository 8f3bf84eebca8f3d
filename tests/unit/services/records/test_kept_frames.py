import numpy as np
import pytest

from services.base.errors import BadInput
from services.records.kept_frames import KeptFrames


def frames_of(num_frames: int, height_px: int = 4) -> np.ndarray:
    return np.random.default_rng(num_frames).integers(0, 256, (num_frames, height_px, 6, 3), np.uint8)


@pytest.mark.parametrize("budget_bytes", [1 << 20, 0], ids=["memory", "file"])
def test_the_first_frames_are_kept_wherever_they_lie(budget_bytes: int) -> None:
    kept, frames_THWC = KeptFrames(10, budget_bytes), frames_of(14)
    kept.begin()
    assert [len(kept.add(frames_THWC[i : i + 4])) for i in range(0, 14, 4)] == [4, 4, 2, 0]
    assert np.array_equal(kept.frames_THWC, frames_THWC[:10])
    assert isinstance(kept.frames_THWC, np.memmap) is (budget_bytes == 0)


@pytest.mark.parametrize("budget_bytes", [1 << 20, 0], ids=["memory", "file"])
def test_nothing_of_a_clip_shows_in_the_next(budget_bytes: int) -> None:
    kept = KeptFrames(10, budget_bytes)
    for num_frames, height_px in ((9, 4), (3, 4), (5, 8)):
        kept.begin()
        frames_THWC = frames_of(num_frames, height_px)
        kept.add(frames_THWC)
        assert np.array_equal(kept.frames_THWC, frames_THWC)


def test_the_array_is_made_once_for_clips_of_one_size() -> None:
    kept = KeptFrames(10)
    places = set()
    for _ in range(3):
        kept.begin()
        kept.add(frames_of(2))
        places.add(kept.frames_THWC.ctypes.data)
    assert len(places) == 1


def test_the_budget_decides_by_what_the_record_could_need() -> None:
    kept = KeptFrames(10, budget_bytes=10 * 4 * 6 * 3)
    kept.add(frames_of(1))
    assert not isinstance(kept.frames_THWC, np.memmap)
    kept.begin()
    kept.add(frames_of(1, height_px=5))
    assert isinstance(kept.frames_THWC, np.memmap)


def test_frames_that_change_size_are_bad_input() -> None:
    kept = KeptFrames(10)
    kept.add(frames_of(2))
    with pytest.raises(BadInput, match=r"FRAME_SIZE_CHANGED.*frame 2 is 6x8 px.*6x4"):
        kept.add(frames_of(1, height_px=8))


def test_a_clip_without_frames_is_bad_input() -> None:
    with pytest.raises(BadInput, match="NO_FRAMES"):
        _ = KeptFrames(10).frames_THWC
