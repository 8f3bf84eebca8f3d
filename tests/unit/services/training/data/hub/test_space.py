"""What is downloaded and what is unpacked must fit, together where they share a disk."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.training.data.hub.space import Demand, Disk, check_space, disk_below

CACHE, OUT = Path("/cache"), Path("/out")
DEMANDS = [Demand(CACHE, 6_000_000_000, "downloads"), Demand(OUT, 5_000_000_000, "unpacked files")]


@pytest.mark.parametrize(
    ("devices", "free_gb", "short"),
    [
        ((1, 1), (11, 11), None),
        ((1, 1), (10, 10), "1.0 GB"),
        ((1, 2), (6, 5), None),
        ((1, 2), (6, 4), "1.0 GB"),
        ((1, 2), (5, 9), "1.0 GB"),
    ],
)
def test_a_disk_holds_what_is_written_to_it(
    devices: tuple[int, int], free_gb: tuple[int, int], short: str | None
) -> None:
    disks = {CACHE: Disk(devices[0], free_gb[0] * 10**9), OUT: Disk(devices[1], free_gb[1] * 10**9)}
    if short is None:
        assert "6.0 GB of downloads in /cache" in check_space(DEMANDS, disks.__getitem__)
        return
    with pytest.raises(BadConfig, match=f"DISK_FULL.*are needed, .* are free: free {short} more.*--cache-dir"):
        check_space(DEMANDS, disks.__getitem__)


def test_the_disk_of_a_folder_that_is_yet_to_be_made_is_that_below_it(tmp_path: Path) -> None:
    assert disk_below(tmp_path / "a" / "b").device == tmp_path.stat().st_dev
