"""Frames become picture files in threads: in order, exact, and few of them held."""

import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.video import FrameChunk
from services.records.talker.frames import FrameFiles

RED, BLUE = (250, 10, 20), (15, 5, 240)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


def chunk(first: int, num: int, height_px: int = 32, width_px: int = 48) -> FrameChunk:
    """Red above, blue below; the upper left pixel tells the frame's number."""
    frames_THWC = np.empty((num, height_px, width_px, 3), np.uint8)
    frames_THWC[:, : height_px // 2], frames_THWC[:, height_px // 2 :] = RED, BLUE
    frames_THWC[:, 0, 0] = np.arange(first, first + num, dtype=np.uint8)[:, None]
    return FrameChunk(first, frames_THWC, np.arange(first, first + num) / 25)


def all_of(files: FrameFiles, sizes: list[int]) -> dict[str, bytes]:
    found = []
    for i, num in enumerate(sizes):
        files.push(chunk(sum(sizes[:i]), num))
        found += list(files.so_far())
        assert sum(sizes) >= len(found) >= sum(sizes[:i]), "no frame but those of the last chunk may wait"
    found += list(files.rest())
    return {file.name: b"".join(map(bytes, file.pieces)) for file in found}


@pytest.mark.parametrize("sizes", [[1], [5, 5, 2], [3, 3, 3, 3]])
def test_opencv_reads_what_the_camera_saw(threads, sizes: list[int]) -> None:
    made = all_of(FrameFiles("png", threads), sizes)
    assert list(made) == [f"full_body_img/{t:06d}.png" for t in range(sum(sizes))]
    for t, data in enumerate(made.values()):
        read_bgr_HWC = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(read_bgr_HWC[..., ::-1], chunk(t, 1).frames_THWC[0])


def test_a_jpeg_is_near_and_in_the_right_colours(threads) -> None:
    ((name, data),) = all_of(FrameFiles("jpg", threads), [1]).items()
    assert name == "full_body_img/000000.jpg"
    read_HWC = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    assert np.abs(read_HWC[4, 24] - RED).max() < 8 and np.abs(read_HWC[28, 24] - BLUE).max() < 8


def test_frames_of_the_last_chunk_wait_only_while_they_are_encoded(threads) -> None:
    gate = threading.Event()
    for _ in range(2):
        threads.submit(gate.wait, 10)
    files = FrameFiles("png", threads)
    files.push(chunk(0, 3))
    assert list(files.so_far()) == []
    assert files.num_frames == 3
    gate.set()
    assert len(list(files.rest())) == 3
    assert (files.num_frames, list(files.rest())) == (3, [])


def test_frames_that_change_their_size_are_refused(threads) -> None:
    files = FrameFiles("png", threads)
    files.push(chunk(0, 2))
    with pytest.raises(BadInput, match="FRAME_SIZE_CHANGED: frame 2 is 24x32 px, the ones before are 48x32"):
        files.push(chunk(2, 2, 32, 24))
