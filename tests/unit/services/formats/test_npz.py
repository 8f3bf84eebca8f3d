import hashlib
import io

import numpy as np
import pytest

from services.formats.npz import encode_npz

ARRAYS = {
    "X": np.linspace(-1, 1, 70_000, dtype=np.float32).reshape(-1, 7),
    "mask": np.zeros((3, 0), bool),
    "order": np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)),
    "meta": np.array('{"a": 1}'),
}


@pytest.mark.parametrize(("compressed", "save"), [(False, np.savez), (True, np.savez_compressed)])
def test_bytes_are_those_that_numpy_writes_here(compressed, save) -> None:
    out = io.BytesIO()
    save(out, **ARRAYS)
    assert encode_npz(ARRAYS, compressed=compressed) == out.getvalue()


def test_bytes_are_the_same_wherever_they_are_written() -> None:
    """A zipfile module of another version writes another digest."""
    digest = hashlib.sha256(encode_npz({"a": np.arange(3, dtype=np.int32)}, compressed=False)).hexdigest()
    assert digest == "baa170eb5af48e896f0fd4cdf3e3f3412198a129b12fbebd4ae66d04974dbdf8"


@pytest.mark.parametrize("compressed", [False, True])
def test_what_numpy_reads_is_what_was_written(compressed) -> None:
    with np.load(io.BytesIO(encode_npz(ARRAYS, compressed=compressed)), allow_pickle=False) as found:
        assert found.files == list(ARRAYS)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype


def test_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        encode_npz({"a": np.array({"b": 1}, dtype=object)}, compressed=True)
