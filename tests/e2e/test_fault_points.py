"""Killed at every operation on the store in turn: whatever a run was about to do, it is carried on to the same bytes.

Real media is of no matter to this, so the stages are quick ones; see tests/fakes/fault_points.py for what is killed and
what must hold. `test_grid_determinism.py` kills a real run.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).resolve().parents[1] / "fakes" / "fault_points.py"
LIMIT_S = 900


Point = dict[str, Any]


def points_of(scenario: str, folder: Path, root: str = "", env: Mapping[str, str] | None = None) -> list[Point]:
    """What was found at each point: its number, who was killed before which operation, and what is wrong."""
    argv = [sys.executable, str(PROGRAM), scenario, str(folder), *([root] if root else [])]
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    points: list[Point] = json.loads(done.stdout)
    return points


def assert_every_point_holds(points: list[Point], num_at_least: int) -> Counter[str]:
    """Returns how often each operation of whom was the last."""
    assert [point["at"] for point in points] == list(range(1, len(points) + 1))
    assert len(points) >= num_at_least
    assert {point["at"]: point["wrong"] for point in points if point["wrong"]} == {}
    return Counter(point["victim"] for point in points)


def test_a_run_killed_anywhere_is_carried_on(tmp_path: Path) -> None:
    """Takes half a minute: some 160 runs are killed, resumed, and given once more."""
    victims = assert_every_point_holds(points_of("run", tmp_path), 120)
    # The claim and the plan, the commit of each shard, every published file, and the lease.
    assert victims["orchestrator LocalFolder.create"] == 2
    assert victims["worker LocalFolder.create"] == 2
    assert victims["orchestrator LocalFolder.move"] >= 2 * 3 + 3
    assert victims["orchestrator FolderLease.take"] == victims["orchestrator FolderLease.release"] == 2
    assert victims["worker LocalUpload.commit"] >= 2 * 3


def test_a_run_of_speech_killed_anywhere_is_carried_on(tmp_path: Path) -> None:
    """Takes twenty seconds: some 100 runs are killed, resumed, and given once more. Manifests, which a user may edit,
    are compared with what is there already before they are written anew; so they are by retries, of which two end this.
    """
    victims = assert_every_point_holds(points_of("tts", tmp_path), 80)
    # Four arrays of each of two clips, and eight files about them.
    assert victims["orchestrator LocalFolder.move"] == 2 * 4 + 8
    assert victims["worker LocalUpload.commit"] >= 2 * 4
    assert victims["worker LocalFolder.create"] == 1


def test_a_run_of_a_persons_video_killed_anywhere_is_carried_on(tmp_path: Path) -> None:
    """Takes twenty seconds: dozens of runs are killed and given twice more. Pictures are published one by one."""
    victims = assert_every_point_holds(points_of("talker", tmp_path), 40)
    # Three pictures, three landmarks, and three files beside them.
    assert victims["orchestrator LocalFolder.move"] >= 9
    assert victims["worker LocalUpload.commit"] >= 9


def test_a_run_of_speech_onto_a_disk_that_is_full_is_told_so_and_carried_on(small_disk: Path, tmp_path: Path) -> None:
    """Whatever it was about to write: state, files of clips, or the manifests."""
    (small_disk / "most").write_bytes(bytes((12 << 20) - (512 << 10)))
    told = points_of("tts-full-disk", tmp_path, str(small_disk))
    assert len(told) >= 3
    for one in told:
        assert one["code"] == 78 and "DISK_FULL" in one["said"] and "free some space and resume" in one["said"]
        assert not one["is_torn"] and one["differs"] == []


def test_a_run_that_adds_to_another_killed_anywhere_is_carried_on(tmp_path: Path) -> None:
    """Takes half a minute: some 170 runs are killed with their workers, resumed, and given once more."""
    victims = assert_every_point_holds(points_of("append", tmp_path), 120)
    assert victims["worker LocalFolder.create"] == 2
    assert victims["orchestrator LocalFolder.move"] >= 2 * 2 + 4


def test_a_retry_killed_anywhere_is_carried_on(tmp_path: Path) -> None:
    """Takes twenty seconds: some 120 retries are killed, given again, and given once more."""
    victims = assert_every_point_holds(points_of("retry", tmp_path), 80)
    assert victims["orchestrator LocalFolder.delete"] >= 2
    assert victims["worker LocalFolder.create"] == 1


def test_a_retry_that_takes_in_a_new_clip_killed_anywhere_is_carried_on(tmp_path: Path) -> None:
    """Takes twenty seconds: some 150 retries are killed, given again, and given once more."""
    victims = assert_every_point_holds(points_of("retry-left-out", tmp_path), 100)
    # Its run is pinned, its one new shard committed, and the output becomes that run's.
    assert victims["orchestrator LocalFolder.create"] == 1
    assert victims["worker LocalFolder.create"] == 1
    assert victims["orchestrator LocalFolder.put"] >= 3


def test_a_run_into_an_object_store_killed_anywhere_is_carried_on(s3_server: Any, tmp_path: Path) -> None:
    """Takes half a minute: on a real server some 70 runs are killed with their workers, resumed, given once more."""
    root = f"s3://{s3_server.new_bucket()}/runs"
    victims = assert_every_point_holds(points_of("run", tmp_path, root, s3_server.environment()), 50)
    # The claim, the plan and two leases; the commit of each shard; published files, of which there are nine: they are
    # moved in parallel, so that which operation is the N-th is not the same in every life.
    assert victims["orchestrator S3Store.create"] == 2 + 2
    assert victims["worker S3Store.create"] == 2
    assert victims["orchestrator S3Store.move"] >= 2 * 3
    assert victims["worker S3Upload.commit"] == 2 * 3
