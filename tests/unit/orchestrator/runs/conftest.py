"""What tests of memory share."""

import sys
import tracemalloc

import pytest


@pytest.fixture
def room_for_names():
    """The interpreter's table of interned names, which grows in leaps of megabytes, has just grown: it will not again
    while memory is measured.
    """
    tracemalloc.start()
    try:
        names, held_bytes = [], 0
        for i in range(1 << 20):
            before_bytes, held_bytes = held_bytes, tracemalloc.get_traced_memory()[0]
            if i and held_bytes - before_bytes > 500_000:
                return
            names.append(sys.intern(f"a name that makes the table grow {i}"))
    finally:
        tracemalloc.stop()
