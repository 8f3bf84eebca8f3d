"""Whether what a run will write fits where it writes. The decision is pure; asking disks is at the end.

Outputs lie in staging, on the output's own disk, until they are published by renaming: there they are counted once.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.pipelines.prediction import Prediction
from services.base.errors import BadConfig
from services.base.process.quantities import num_bytes

# Commits, facts of quality, logs.
_STATE_BYTES_A_CLIP = 2000
# Folders of one disk in a message: those of a run, and of a second one.
_MOST_NAMED = 4


@dataclass(frozen=True)
class Disk:
    """A file system that a run writes to. folders: which of the run's lie on it. output_bytes: the output's share."""

    folders: tuple[str, ...]
    output_bytes: int
    needed_bytes: int
    free_bytes: int

    @property
    def is_short(self) -> bool:
        return self.needed_bytes > self.free_bytes

    def __str__(self) -> str:
        needed, free = (f"{count} bytes ({num_bytes(count)})" for count in (self.needed_bytes, self.free_bytes))
        more = len(self.folders) - _MOST_NAMED
        folders = " and ".join(self.folders[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        return f"{folders}: about {needed} are needed, {free} are free"


@dataclass(frozen=True)
class Demand:
    """What a run still has to write, and where."""

    outputs: str
    state: str
    output_bytes: int
    state_bytes: int


def demand_of(outputs: str, state: str, prediction: Prediction, num_clips: int, *, keeps_artifacts: bool) -> Demand:
    """Of a run with so many clips still to do."""
    kept = prediction.artifact_bytes if keeps_artifacts else 0.0
    return Demand(
        outputs, state, int(prediction.output_bytes * num_clips), int((kept + _STATE_BYTES_A_CLIP) * num_clips)
    )


def disks_of(*demands: Demand) -> list[Disk]:
    """The local file systems that the runs write to, all of them taken together; none for an object store."""
    of_output: Counter[str] = Counter()
    of_state: Counter[str] = Counter()
    for demand in demands:
        of_output[demand.outputs] += demand.output_bytes
        of_state[demand.state] += demand.state_bytes
    by_device: dict[int, list[str]] = {}
    for folder in dict.fromkeys(folder for demand in demands for folder in (demand.outputs, demand.state)):
        if "://" not in folder:
            by_device.setdefault(_existing(folder).stat().st_dev, []).append(folder)
    disks = []
    for folders in by_device.values():
        output_bytes = sum(of_output[folder] for folder in folders)
        needed_bytes = output_bytes + sum(of_state[folder] for folder in folders)
        disks.append(Disk(tuple(folders), output_bytes, needed_bytes, free_bytes(folders[0])))
    return disks


def check(disks: Iterable[Disk], *, is_sure: bool, ignores: bool) -> tuple[str, ...]:
    """What is to be said of disks that may be too small. is_sure: the runs write no less than was predicted. ignores:
    the user wants to go on all the same.

    Raises BadConfig DISK_FULL for one that the output does not fit on for sure. What is kept for other runs may be
    there already, so that it is no more than a reason to warn.
    """
    short = [disk for disk in disks if disk.is_short]
    hopeless = [disk for disk in short if is_sure and disk.output_bytes > disk.free_bytes]
    if hopeless and not ignores:
        raise BadConfig(
            "DISK_FULL",
            f"{'; '.join(map(str, hopeless))}: free some space and resume, or choose another --output-root; "
            "--ignore-free-space begins all the same",
        )
    return tuple(
        f"the disk may be too small for this run. {disk}; that is an estimate, the run continues" for disk in short
    )


def free_bytes(folder: str) -> int:
    """Of the file system that a folder lies on, or will."""
    return shutil.disk_usage(_existing(folder)).free


def _existing(folder: str) -> Path:
    path = Path(folder)
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
