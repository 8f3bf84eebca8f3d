"""Memory that is left, as the kernel says it, and blocks that stay."""

import ctypes
import subprocess
import sys

import pytest

from services.base.process.memory import available_memory_bytes, is_out_of_memory, parse_available

MEMINFO = "MemTotal:       24590180 kB\nMemFree:         1048576 kB\nMemAvailable:   20971520 kB\n"


@pytest.mark.parametrize(("granted_bytes", "expected"), [(1 << 40, 20 << 30), (1 << 30, 1 << 30)])
def test_it_is_what_is_free_and_granted(tmp_path, granted_bytes, expected):
    (tmp_path / "meminfo").write_text(MEMINFO)
    assert available_memory_bytes(tmp_path / "meminfo", granted_bytes) == expected


def test_without_the_kernels_word_it_is_what_is_granted(tmp_path):
    assert available_memory_bytes(tmp_path / "nowhere", 5) == 5
    with pytest.raises(ValueError, match="MemAvailable"):
        parse_available("MemFree: 1 kB\n")


def test_a_cpu_that_is_short_of_memory_is_told_from_other_errors():
    pytest.importorskip("torch")
    import torch

    with pytest.raises(RuntimeError) as refused:
        torch.empty(1 << 55, dtype=torch.uint8)
    assert is_out_of_memory(refused.value) and is_out_of_memory(MemoryError())
    for other in (RuntimeError("shapes differ"), OSError("can't allocate memory")):
        assert not is_out_of_memory(other)


PAGES_OF_A_BLOCK = """
import resource, sys
import numpy as np
from services.base.process.memory import keep_large_blocks
if sys.argv[1] == "kept":
    keep_large_blocks(64 << 20, 256 << 20)
for _ in range(4):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(40 << 20, np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="a C library that cannot be told")
def test_a_large_block_that_is_kept_serves_the_next():
    """Of 40 MiB: 10,240 pages, unless the kernel hands out huge ones."""
    given_back, kept = (
        int(subprocess.run([sys.executable, "-c", PAGES_OF_A_BLOCK, way], check=True, capture_output=True).stdout)
        for way in ("given back", "kept")
    )
    assert kept < given_back / 2
