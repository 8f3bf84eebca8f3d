"""A sound alone is for a whole number of frames, and is cut or padded to them."""

import numpy as np
import pytest

from services.audio.aligned.spec import SoundConfig
from services.audio.voice.stage import open_stage
from services.base.media.audio import AudioChunk
from services.base.media.clip import Clip, Media
from services.base.stage.spec import ClipJob


@pytest.mark.parametrize(
    ("num_samples", "num_frames", "cut", "padded"),
    [(16_000, 25, 0, 0), (16_300, 25, 300, 0), (15_700, 25, 0, 300), (100, 1, 0, 540)],
)
def test_frames_are_those_that_fit_best(num_samples, num_frames, cut, padded):
    one = open_stage(SoundConfig(fps=25.0))(ClipJob(Clip("a", "a", "", "a.wav"), Media.of_bytes("a.wav", b"x")), None)
    samples_TC = np.full((num_samples, 1), 0.5, np.float32)
    one.push(AudioChunk(0, samples_TC[:50], 16_000, 2.0))
    one.push(AudioChunk(50, samples_TC[50:], 16_000, 2.0))
    found = one.finish({})
    assert (found.num_frames, found.num_cut_end, found.num_padded_end) == (num_frames, cut, padded)
    assert found.num_padded_start == found.num_cut_start == 0 and len(found.samples_T) == num_frames * 640
