"""More items than memory holds, in order: runs on the disk, merged."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.process.external_sort import ExternalSort, packed, unpacked


@given(st.lists(st.tuples(st.binary(max_size=4), st.binary(max_size=40)), max_size=60), st.integers(1, 2000))
def test_items_come_by_key_and_those_of_one_key_as_they_were_added(items, run_bytes):
    with ExternalSort("items", run_bytes=run_bytes, block_bytes=50) as ordered:
        for key, data in items:
            ordered.add(key, data)
        assert len(ordered) == len(items)
        assert list(ordered) == sorted(items, key=lambda item: item[0])
        assert list(ordered) == sorted(items, key=lambda item: item[0]), "as often as is wanted"


@given(st.lists(st.tuples(st.binary(), st.binary())), st.integers(1, 100))
def test_blocks_hold_what_was_packed(items, block_bytes):
    assert [item for block in packed(items, block_bytes) for item in unpacked(block)] == items


def test_of_many_items_few_are_held():
    num_items = 40_000

    def key(i: int) -> bytes:
        return (i * 7919 % num_items).to_bytes(8)

    tracemalloc.start()
    try:
        with ExternalSort("items", run_bytes=1 << 18, block_bytes=1 << 12) as ordered:
            for i in range(num_items):
                ordered.add(key(i), b"%0300d" % i)
            found = sum(1 for _ in ordered)
            _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == num_items
    assert peak_bytes < 300 * num_items / 2


@pytest.mark.parametrize("fails", [True, False])
def test_nothing_is_left_of_it(tmp_path, monkeypatch, fails):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("services.base.process.external_sort._IN_MEMORY_BYTES", 1)
    try:
        with ExternalSort("items", run_bytes=1) as ordered:
            ordered.add(b"k", b"v")
            file = ordered._blocks._file
            if fails:
                raise KeyError("in between")
    except KeyError:
        pass
    assert file.closed and list(tmp_path.iterdir()) == []
