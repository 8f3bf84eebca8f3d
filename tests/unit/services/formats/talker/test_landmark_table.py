"""landmarks.npz: points as they were found, with what became of each frame."""

import io
from dataclasses import replace

import numpy as np
import pytest

from services.base.errors import BadInput
from services.formats.talker.landmark_table import LandmarkTable, decode_table, encode_table

TABLE = LandmarkTable(
    np.random.default_rng(0).uniform(0, 512, (3, 110, 2)).astype(np.float32),
    np.array([1, 0, 2], np.uint8),
    np.array([True, False, True]),
    np.array([[1, 2, 30], [1, 2, 30], [-4, 5, 31]], np.int32),
)


def test_what_is_read_is_what_was_written_and_numpy_reads_it_too() -> None:
    data = encode_table(TABLE)
    assert data == encode_table(TABLE)
    found = decode_table(data)
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        assert arrays.files == ["points", "source", "usable", "boxes"]
        for name, array in TABLE.arrays().items():
            np.testing.assert_array_equal(found.arrays()[name], array)
            np.testing.assert_array_equal(arrays[name], array)


@pytest.mark.parametrize("change", [{"usable_T": np.ones(2, bool)}, {"points_TNC": TABLE.points_TNC[:, :98]}])
def test_arrays_that_do_not_belong_together_are_refused(change) -> None:
    with pytest.raises(ValueError, match="must be"):
        replace(TABLE, **change)


def _saved(**arrays) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def _packed() -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **TABLE.arrays())
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "zip"),
        (encode_table(TABLE)[:-30], "zip"),
        (_saved(points=TABLE.points_TNC), "source"),
        (_saved(**TABLE.arrays() | {"usable": np.ones(3)}), "usable of 3 frames must be bool"),
        (_saved(**TABLE.arrays() | {"source": np.array([None] * 3)}), "allow_pickle"),
        (_packed(), "compressed"),
    ],
)
def test_other_bytes_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=f"BAD_TABLE.*{why}"):
        decode_table(data)
