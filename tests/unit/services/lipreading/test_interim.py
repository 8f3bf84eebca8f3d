"""Texts of the last seconds of a stream of frames, read beside it."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from services.base.errors import BadConfig, Transient
from services.base.media.video import FrameChunk
from services.lipreading.interim import WINDOW_S, Interim, Window

HZ = 25.0


def stream(num_frames: int, first_s: float = 10.0, num_a_chunk: int = 5) -> Iterator[FrameChunk]:
    """Frames as bright as their numbers."""
    for start in range(0, num_frames, num_a_chunk):
        numbers = np.arange(start, min(num_frames, start + num_a_chunk))
        frames_THWC = np.broadcast_to(numbers[:, None, None, None].astype(np.uint8), (len(numbers), 2, 2, 3))
        yield FrameChunk(start, np.ascontiguousarray(frames_THWC), first_s + numbers / HZ)


def test_a_window_is_read_each_second_and_holds_the_last_three() -> None:
    said: list[Window] = []

    def say(window: Window, text: str) -> None:
        assert text == f"{len(window.frames)} frames"
        said.append(window)

    interim = Interim(1.0, lambda window: f"{len(window.frames)} frames", say)
    passed = []
    for chunk in interim.over(stream(130)):
        passed.append(len(chunk))
        # As a stream that comes no faster than it is read.
        if interim._under_way is not None:
            interim._under_way.result()
    interim.close()
    assert sum(passed) == 130
    # Where the stream has ended, a text that was not begun is not needed any more.
    assert [round(window.until_s, 2) for window in said[:4]] == [1.16, 2.16, 3.16, 4.16]
    assert all(window.until_s - window.from_s <= WINDOW_S for window in said)
    last = said[3]
    assert last.frames.frames_THWC[-1, 0, 0, 0] == 104 and last.frames.first_index == 0
    assert len(last.frames) == WINDOW_S * HZ + 1


def test_while_one_is_read_no_other_is_begun() -> None:
    go_on = threading.Event()
    said: list[Window] = []

    def read(window: Window) -> str:
        go_on.wait(10)
        return ""

    interim = Interim(1.0, read, lambda window, text: said.append(window))
    assert sum(map(len, interim.over(stream(130)))) == 130
    go_on.set()
    interim.close()
    assert len(said) == 1


def test_what_cannot_be_read_is_not_told() -> None:
    def read(window: Window) -> str:
        raise Transient("SERVER_BUSY", "no child is free")

    said: list[Window] = []
    interim = Interim(1.0, read, lambda window, text: said.append(window))
    assert sum(map(len, interim.over(stream(60)))) == 60
    interim.close()
    assert said == []


@pytest.mark.parametrize("interim_s", [0.0, -1.0, 1e9, float("nan")])
def test_a_time_that_cannot_be_is_refused(interim_s: float) -> None:
    with pytest.raises(BadConfig, match="interim_s"):
        Interim(interim_s, lambda window: "", lambda window, text: None)
