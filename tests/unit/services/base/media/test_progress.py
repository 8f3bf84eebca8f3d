"""How far a clip is, told from its frames; how many there will be, as its header claims."""

import numpy as np
import pytest

from services.base.media.progress import Progress
from services.base.media.video import FrameChunk


@pytest.mark.parametrize(
    ("chunks_s", "media_s"),
    [
        pytest.param([[5.0]], 0.0, id="one frame lasts for nothing yet"),
        pytest.param([[0.0, 0.5], [1.0, 1.5]], 1.5, id="frames that lie close prove what they span"),
        pytest.param([[0.0, 1e12]], 2.0, id="two frames prove two seconds, whatever their times claim"),
        pytest.param([[1.0, 0.0]], 0.0, id="times that go back prove nothing"),
    ],
)
def test_what_has_been_decoded_is_told_from_frames(chunks_s: list[list[float]], media_s: float) -> None:
    progress = Progress()
    frame = np.zeros((1, 2, 2, 3), np.uint8)
    found = [progress.add(FrameChunk(0, frame.repeat(len(s), 0), np.array(s, np.float64))) for s in chunks_s]
    assert found[-1] == media_s


@pytest.mark.parametrize(
    ("times_s", "claimed_s", "frames"),
    [
        pytest.param([0.0, 0.04, 0.08], 10.0, (3, 250), id="as many as the rate of those so far makes"),
        pytest.param([0.0, 0.04, 0.08], 0.0, (3, 0), id="a header that says nothing"),
        pytest.param([0.0, 0.04, 0.08], 0.01, (3, 3), id="a header that says too little"),
        pytest.param([0.0], 10.0, (1, 0), id="one frame has no rate"),
    ],
)
def test_frames_are_counted_beside_those_that_a_header_claims(times_s, claimed_s, frames) -> None:
    progress = Progress()
    pixels = np.zeros((len(times_s), 2, 2, 3), np.uint8)
    progress.add(FrameChunk(0, pixels, np.array(times_s, np.float64)))
    assert progress.frames(claimed_s) == frames
