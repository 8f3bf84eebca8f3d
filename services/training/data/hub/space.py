"""Whether what is to be written fits where it is written. The decision is pure; asking disks is at the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from services.base.errors import BadConfig
from services.base.process.quantities import num_bytes


class Demand(NamedTuple):
    """what: such as `downloads`, for a message."""

    folder: Path
    needed_bytes: int
    what: str


class Disk(NamedTuple):
    """device: that two folders on one file system share."""

    device: int
    free_bytes: int


def check_space(demands: Iterable[Demand], disk_of: Callable[[Path], Disk] | None = None) -> str:
    """What is needed and free, in words. Raises BadConfig DISK_FULL for a file system on which it does not fit."""
    ask = disk_of or disk_below
    by_device: dict[int, list[Demand]] = {}
    free: dict[int, int] = {}
    for demand in demands:
        disk = ask(demand.folder)
        by_device.setdefault(disk.device, []).append(demand)
        free[disk.device] = disk.free_bytes
    said = []
    for device, some in by_device.items():
        short_bytes = sum(one.needed_bytes for one in some) - free[device]
        said.append(_words(some, free[device]))
        if short_bytes > 0:
            raise BadConfig(
                "DISK_FULL",
                f"{said[-1]}: free {num_bytes(short_bytes)} more there, or name folders of other disks by --cache-dir "
                "and --output-dir, and run the same command again",
            )
    return "; ".join(said)


def _words(demands: Sequence[Demand], free_bytes: int) -> str:
    needed = " and ".join(f"{num_bytes(one.needed_bytes)} of {one.what} in {one.folder}" for one in demands)
    return f"about {needed} are needed, {num_bytes(free_bytes)} are free"


def disk_below(folder: Path) -> Disk:
    """Of the file system that a folder lies on, or will."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return Disk(folder.stat().st_dev, shutil.disk_usage(folder).free)
