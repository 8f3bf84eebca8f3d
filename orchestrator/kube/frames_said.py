"""PURE: how far the one clip of a run is, by what its pod has said last."""

from __future__ import annotations

import json
from collections.abc import Iterable

from orchestrator.kube.state import JobSeen, PodSeen

LAST_LINES = 20
"""Of a pod's log, among which a clip that goes on has told of itself."""


def telling_pod(num_clips: int, job: JobSeen | None, pods: Iterable[PodSeen]) -> str:
    """The name of the pod whose log tells of a single clip; empty: there are more clips, or no such pod works."""
    if num_clips != 1 or job is None or not job.is_live:
        return ""
    return next((pod.name for pod in pods if pod.generation == job.generation and pod.phase == "Running"), "")


def frames_said(lines: Iterable[str]) -> tuple[int, int]:
    """(done, claimed) of the last line that tells of frames; zeros where none does."""
    said = (0, 0)
    for line in lines:
        try:
            fields = json.loads(line)
            if fields["event"] == "frames":
                num_done, num_claimed = fields["frames"]
                said = (int(num_done), int(num_claimed))
        except (ValueError, KeyError, TypeError):
            continue
    return said
