"""Memory that is left, as the kernel says it."""

import pytest

from services.base.process.memory import available_memory_bytes, parse_available

MEMINFO = "MemTotal:       24590180 kB\nMemFree:         1048576 kB\nMemAvailable:   20971520 kB\n"


@pytest.mark.parametrize(("granted_bytes", "expected"), [(1 << 40, 20 << 30), (1 << 30, 1 << 30)])
def test_it_is_what_is_free_and_granted(tmp_path, granted_bytes, expected):
    (tmp_path / "meminfo").write_text(MEMINFO)
    assert available_memory_bytes(tmp_path / "meminfo", granted_bytes) == expected


def test_without_the_kernels_word_it_is_what_is_granted(tmp_path):
    assert available_memory_bytes(tmp_path / "nowhere", 5) == 5
    with pytest.raises(ValueError, match="MemAvailable"):
        parse_available("MemFree: 1 kB\n")
