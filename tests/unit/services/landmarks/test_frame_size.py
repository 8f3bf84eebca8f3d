"""Frames of another size than the clip's are refused with both sizes."""

import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.video import FrameChunk
from services.landmarks.frame_size import check_frame_size

CHUNK = FrameChunk(7, np.zeros((2, 20, 30, 3), np.uint8), np.zeros(2))


def test_frames_of_the_clips_size_pass():
    check_frame_size("a.mp4", CHUNK, (30, 20))


def test_frames_of_another_size_are_refused():
    with pytest.raises(BadInput, match=r"FRAME_SIZE_CHANGED: a\.mp4: frame 7 is 30x20 px after frames of 20x30 px"):
        check_frame_size("a.mp4", CHUNK, (20, 30))
