"""A sign clip is decoded once, for keypoints, features and the sheet together."""

import io
from pathlib import Path

import numpy as np
from products import made_in

from services.__main__ import open_stage
from services.base.media.clip import Clip, Media
from services.base.stage.clip_pass import ClipPass
from services.base.stage.spec import ClipJob
from services.containers.frames import decoded_frames_total

STAGES: list[tuple[str, dict[str, object]]] = [
    ("decode", {"sampling": "grid", "target_fps": 5.0}),
    ("keypoints", {}),
    ("features", {"device": "cpu"}),
    ("signfiles", {"keypoints": True, "features": True, "preview": True}),
]


def test_each_frame_is_decoded_once_with_everything_on(testdata: Path) -> None:
    configs = dict(STAGES)
    opened = ClipPass([open_stage(name, config, None, configs) for name, config in STAGES])
    path = testdata / "data/sign/autsl_signer0_sample1000.mp4"
    job = ClipJob(Clip(path.name, path.stem, "", path.name), Media.of_file(path))
    before = decoded_frames_total()
    product = made_in(opened.run(job, {}))
    assert decoded_frames_total() - before == 43
    with np.load(io.BytesIO(product.payload)) as arrays:
        assert len(arrays["X"]) == len(arrays["X2048"]) == 8
    assert product.sidecars["preview.jpg"].startswith(b"\xff\xd8")
