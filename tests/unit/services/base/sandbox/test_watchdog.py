"""What ends a wait for a child: its clip's time, which grows with what of the clip has been decoded."""

import os

import numpy as np
import pytest

from services.base.media.video import FrameChunk
from services.base.sandbox import watchdog
from services.base.sandbox.limits import ClipLimits
from services.base.sandbox.watchdog import ChildLost, ClipWatch
from services.base.stage.clip_pass import Progress


@pytest.mark.parametrize(("media_s", "limit_s"), [(None, 10), (3, 10), (60, 10), (90, 15), (600, 100)])
def test_the_limit_is_for_each_minute_that_a_clip_lasts(monkeypatch, media_s, limit_s):
    now_s = [1000.0]
    monkeypatch.setattr(watchdog.time, "monotonic", lambda: now_s[0])
    watch = ClipWatch(os.getpid(), ClipLimits(10, 1 << 40), lambda: False)
    if media_s is not None:
        watch.lasts(media_s)
    with watch.running():
        now_s[0] += limit_s
        watch()
        now_s[0] += 0.5
        with pytest.raises(ChildLost, match=f"it took over {limit_s} s"):
            watch()


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
