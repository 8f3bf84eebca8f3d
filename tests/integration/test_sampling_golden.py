"""Decimation on real clips keeps exactly the frames that the original script kept."""

import numpy as np
import pytest

from services.base.media.clip import Media
from services.containers.config import DecodeConfig
from services.decode.stage import open_stage

CLIPS = ["autsl_signer0_sample1000", "pose_test_video"]


def times_s(testdata, name, sampling, target_fps):
    config = DecodeConfig(sampling=sampling, target_fps=target_fps)
    with open_stage(config)(Media.of_file(testdata / "data" / "sign" / f"{name}.mp4")) as stream:
        return np.concatenate([chunk.pts_s for chunk in stream])


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("fps", [15, 30])
def test_decimation_gives_the_timestamps_of_the_original(testdata, name, fps):
    golden = np.load(testdata / "data" / "golden" / f"fslr_{fps}fps" / f"{name}.npz")
    kept_ms = np.floor(times_s(testdata, name, "decimate", float(fps)) * 1000 + 1e-6).astype(np.int64)
    assert kept_ms.tolist() == golden["timestamps_ms"].tolist()


def test_the_grid_loses_no_frame_where_decimation_does(testdata):
    name = "autsl_signer0_sample1000"
    assert len(times_s(testdata, name, "decimate", 30.0)) == 42
    assert len(times_s(testdata, name, "grid", 30.0)) == 43
