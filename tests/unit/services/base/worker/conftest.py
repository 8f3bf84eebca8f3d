"""What tests of a worker's inputs share."""

import pytest


@pytest.fixture
def jpegs() -> list[bytes]:
    """A dozen different JPEGs as far as their segments tell: one pixel, and no scan."""
    frame = b"\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0"
    return [b"\xff\xd8\xff\xfe\0\3" + bytes([i]) + frame + b"\xff\xd9" for i in range(12)]
