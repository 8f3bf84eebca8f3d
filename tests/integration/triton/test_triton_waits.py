"""A clip that waits for a slow server is not at fault: it is tried again later, never set aside."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.base.errors import Transient
from services.base.media.clip import Clip, Media
from services.base.sandbox.supervisor import ArtifactPart, ClipLimits, PassChild
from services.base.stage.spec import ClipJob
from services.features.spec import SPEC

HERE = Path(__file__).resolve().parent
CLIP_TIME_S = 6.0


@pytest.fixture(scope="module")
def slow(triton: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Callable[[float], None]]:
    """A server whose inception_v3 is the faulty model, and how to set the time that it takes for each execution."""
    folder = tmp_path_factory.mktemp("slow")
    model = Path(shutil.copytree(HERE / "faulty_model", folder / "inception_v3"))
    config = (model / "config.pbtxt").read_text().replace('"faulty"', '"inception_v3"')
    # Requests that wait in its queue are not dropped.
    (model / "config.pbtxt").write_text(config.replace("400000", "60000000"))

    def takes(delay_s: float) -> None:
        (model / "faults.json").write_text(json.dumps({"delay_s": delay_s}))

    return triton(folder).target, takes


@pytest.fixture
def child(slow: tuple[str, Callable[[float], None]]) -> Iterator[PassChild]:
    stages = [
        ("decode", {"sampling": "grid", "target_fps": 4.0}),
        ("features", {"backend": "triton", "triton": slow[0], "batch_size": 4, "triton_in_flight": 2}),
    ]
    child = PassChild(stages, ClipLimits(time_s=CLIP_TIME_S), specs=[SPEC])
    yield child
    child.close()


@pytest.mark.slow
def test_waiting_costs_the_clip_no_time_of_its_own(
    slow: tuple[str, Callable[[float], None]], child: PassChild, testdata: Path
) -> None:
    job = ClipJob(Clip("c", "c", "", "c"), Media.of_file(testdata / "data/sign/pose_test_video.mp4"))
    takes = slow[1]
    takes(0.45 * CLIP_TIME_S)
    (features,) = [part.value for part in child.run(job) if isinstance(part, ArtifactPart)]
    assert len(features.vectors_TD) >= 8, "at least four requests, which together take longer than a clip may"
    takes(3 * CLIP_TIME_S)
    with pytest.raises(Transient, match=r"REMOTE_TIMEOUT.*inception_v3 has not answered"):
        list(child.run(job))
