"""Large memory pages for a loaded predictor, where the system has them.

For each face the predictor reads some 7500 rows of half a kilobyte all over 80 MB of heap. On pages of 4 KiB it waits
for the page tables a quarter of the time.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Callable
from pathlib import Path

_log = logging.getLogger(__name__)

_MAPS = Path("/proc/self/maps")
_MADV_HUGEPAGE = 14
_MADV_COLLAPSE = 25  # since Linux 6.1; before that the kernel gathers pages in its own time


def heap_onto_large_pages() -> bool:
    """Ask the kernel to put what the heap holds now on large pages. Returns whether it agreed; never raises.

    Contents and addresses stay. Somewhere else than on Linux nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        madvise = ctypes.CDLL(None, use_errno=True).madvise
        parts = _heap()
    except (OSError, AttributeError, ValueError) as error:
        _log.debug("no large pages: %s", error)
        return False
    agreed = [_advise(madvise, start, end) for start, end in parts]
    return any(agreed)


def _advise(madvise: Callable[..., int], start: int, end: int) -> bool:
    address, size = ctypes.c_void_p(start), ctypes.c_size_t(end - start)
    agreed = madvise(address, size, _MADV_HUGEPAGE) == 0
    madvise(address, size, _MADV_COLLAPSE)
    return agreed


def _heap() -> list[tuple[int, int]]:
    """First address of each part of the heap and the one after its last; advice given before has parted it."""
    lines = [line for line in _MAPS.read_text().splitlines() if line.endswith("[heap]")]
    ends = [line.split()[0].split("-") for line in lines]
    return [(int(start, 16), int(end, 16)) for start, end in ends]
