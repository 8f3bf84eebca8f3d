"""What ends a wait for a child: its clip's time, which grows with what of the clip has been decoded."""

import os

import pytest

from services.base.sandbox import watchdog
from services.base.sandbox.limits import ClipLimits
from services.base.sandbox.watchdog import ChildLost, ClipWatch


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
