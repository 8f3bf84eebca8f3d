"""npy files: the bytes of np.save, read back strictly."""

import io

import numpy as np
import pytest

from services.base.errors import BadInput
from services.formats.npy import decode_npy, encode_npy


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
    np.testing.assert_array_equal(decode_npy(data), array)


def pickled():
    out = io.BytesIO()
    np.save(out, np.array([{}], object), allow_pickle=True)
    return out.getvalue()


WHOLE = encode_npy(np.arange(5, dtype=np.int32))


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\3\4", WHOLE[:40], WHOLE[:-1], WHOLE + b"\0", pickled(), WHOLE.replace(b"(5,)", b"(-5)")],
    ids=["empty", "zip", "header torn", "torn", "longer", "objects", "shape"],
)
def test_what_is_no_array_is_refused(data):
    with pytest.raises(BadInput, match=r"BAD_NPY.*make the clip again"):
        decode_npy(data)


def test_objects_are_not_written():
    with pytest.raises(ValueError, match="Object arrays"):
        encode_npy(np.array([{}], object))
