"""npy files: the bytes of np.save."""

import io

import numpy as np
import pytest

from services.formats.npy import encode_npy


@pytest.mark.parametrize(
    "array",
    [
        np.arange(5, dtype=np.int32),
        np.zeros((32, 1280), np.float32),
        np.arange(6, dtype=np.float32).reshape(2, 3).T,
        np.zeros(0, np.int32),
    ],
    ids=["ids", "condition", "transposed", "empty"],
)
def test_bytes_are_those_of_np_save_and_read_without_pickle(array):
    data = encode_npy(array)
    saved = io.BytesIO()
    np.save(saved, np.ascontiguousarray(array))
    assert data == saved.getvalue()
    assert data[:8] == b"\x93NUMPY\x01\x00"
    found = np.load(io.BytesIO(data), allow_pickle=False)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_objects_are_not_written():
    with pytest.raises(ValueError, match="Object arrays"):
        encode_npy(np.array([{}], object))
