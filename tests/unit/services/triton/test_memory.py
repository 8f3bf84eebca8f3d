"""Shared regions: what is put lies there, a name lives no longer than it must, and the dead are known by theirs."""

import mmap
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from services.triton.memory import Region, orphans

SHM = Path("/dev/shm")

pytestmark = pytest.mark.skipif(not SHM.is_dir(), reason="no POSIX shared memory here")


def test_another_mapping_sees_what_was_put_also_after_the_name_has_gone():
    region = Region(4096)
    try:
        fd = os.open(SHM / region.name, os.O_RDONLY)
        other = mmap.mmap(fd, 4096, prot=mmap.PROT_READ)
        os.close(fd)
    finally:
        region.hide()
    assert not (SHM / region.name).exists()
    array = np.arange(100, dtype=np.float32).reshape(10, 10)
    region.put(array.T)
    assert other[:400] == array.T.tobytes()


def test_what_does_not_fit_is_refused():
    region = Region(16)
    region.hide()
    with pytest.raises(ValueError, match="17 bytes do not fit into a region of 16"):
        region.put(np.zeros(17, np.uint8))


def test_more_than_there_is_leaves_nothing_behind():
    before = set(SHM.iterdir())
    with pytest.raises((OSError, OverflowError)):
        Region(1 << 60)
    assert set(SHM.iterdir()) <= before


def test_only_the_regions_of_ended_processes_are_orphans():
    code = "from services.triton.memory import Region; r = Region(8); r.hide(); print(r.name)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    living = Region(8)
    living.hide()
    namespace = living.name.split("-")[1]
    elsewhere = ended.replace(namespace, "1")
    assert orphans([ended, living.name, elsewhere, "somebody_elses"]) == [ended]
