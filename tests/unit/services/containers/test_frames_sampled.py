"""Sampling inside the stage: what is delivered, what is counted, and which settings make sense."""

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.base.stage.config import config_from_mapping
from services.containers import frames
from services.containers.config import DecodeConfig
from services.decode.spec import key_config
from services.decode.stage import open_stage


def decode(media, **settings):
    """(chunks, facts) of a whole clip."""
    with open_stage(DecodeConfig(**settings))(media) as stream:
        return list(stream), stream.facts()


def test_kept_frames_are_delivered_with_their_own_times_and_counted(clip, picture, media):
    data = media(clip(num_frames=25, rate_hz=25))
    chunks, facts = decode(data, sampling="grid", target_fps=12.5, chunk_bytes=64 * 48 * 3 * 5)
    frames_THWC = np.concatenate([chunk.frames_THWC for chunk in chunks])
    np.testing.assert_array_equal(frames_THWC, np.stack([picture(i) for i in range(0, 25, 2)]))
    assert np.concatenate([chunk.pts_s for chunk in chunks]).tolist() == [i / 25 for i in range(0, 25, 2)]
    assert [chunk.first_index for chunk in chunks] == [0, 5, 10]
    assert facts.num_frames == 13


def test_frames_that_are_not_kept_are_never_converted(clip, media, monkeypatch):
    converted = []
    convert = frames.PyavVideo.pixels
    monkeypatch.setattr(frames.PyavVideo, "pixels", lambda video, frame: converted.append(1) or convert(video, frame))
    decode(media(clip(num_frames=20, rate_hz=30)), sampling="grid", target_fps=10.0)
    assert len(converted) == 7


def test_the_limit_on_frames_counts_decoded_ones(clip, media):
    _, facts = decode(media(clip(num_frames=20, rate_hz=30)), sampling="grid", target_fps=15.0, max_frames=10)
    assert (facts.num_frames, facts.truncated) == (5, True)


@pytest.mark.parametrize(
    "values",
    [
        {"sampling": "every"},
        {"target_fps": 15.0},
        {"sampling": "grid"},
        {"sampling": "decimate", "target_fps": -1.0},
        {"sampling": "grid", "target_fps": float("nan")},
        {"sampling": "grid", "target_fps": 10_000.0},
    ],
)
def test_settings_that_say_nothing_or_too_much_are_refused(values):
    with pytest.raises(BadConfig):
        config_from_mapping(DecodeConfig, values)


def test_sampling_is_in_the_key_where_it_changes_pixels():
    grid = key_config(DecodeConfig(sampling="grid", target_fps=15.0))
    assert grid == {"max_frames": 0, "sampling": "grid", "target_fps": 15.0}
    assert key_config(DecodeConfig(sampling="grid", target_fps=30.0)) != grid
    assert key_config(DecodeConfig()) == {"max_frames": 0}
