"""How far a single clip is on a cluster: by its pod's own words, whatever else the log holds."""

import pytest

from orchestrator.kube.frames_said import frames_said, telling_pod
from orchestrator.kube.state import JobSeen, PodSeen

LIVE = JobSeen("run-2", 2, "active", "0", 1, 1, 1000)
OLD, WAITING, WORKING = PodSeen("a", 1, 0, "Running"), PodSeen("b", 2, 0, "Pending"), PodSeen("c", 2, 0, "Running")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], (0, 0)),
        (['{"event": "frames", "shard": 0, "frames": [26, 74]}', '{"level": "info", "message": "frames"}'], (26, 74)),
        (['{"event": "frames", "frames": [26, 74]}', '{"event": "frames", "frames": [51, 74]}'], (51, 74)),
        (["Traceback", '{"event": "frames"}', '{"event": "frames", "frames": 3}', "[1]", "3"], (0, 0)),
    ],
)
def test_the_last_line_that_tells_of_frames_counts(lines, said) -> None:
    assert frames_said(lines) == said


@pytest.mark.parametrize(
    ("num_clips", "job", "pods", "name"),
    [
        (1, LIVE, (OLD, WAITING, WORKING), "c"),
        (1, LIVE, (OLD, WAITING), ""),
        (2, LIVE, (WORKING,), ""),
        (1, None, (WORKING,), ""),
        (1, JobSeen("run-2", 2, "complete", "0", 1, 1, 1000), (WORKING,), ""),
    ],
)
def test_only_of_one_clip_the_newest_jobs_pod_is_asked(num_clips, job, pods, name) -> None:
    assert telling_pod(num_clips, job, pods) == name
