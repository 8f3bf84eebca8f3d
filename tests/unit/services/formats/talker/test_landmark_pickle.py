"""A frame's landmarks: the bytes that NumPy 1.23 writes, read without anything in them being run."""

import contextlib
import hashlib
import os
import pickle
import pickletools
import struct
from pathlib import Path

import numpy as np
import pytest

from services.base.errors import BadInput
from services.formats.talker.landmark_pickle import MAX_BYTES, decode_landmarks, decode_lms, encode_landmarks

POINTS = np.random.default_rng(0).integers(-300, 4000, (110, 2)).astype(np.int32)


def test_any_numpy_loads_what_is_written() -> None:
    found = pickle.loads(encode_landmarks(POINTS))
    np.testing.assert_array_equal(found, POINTS)
    assert found.dtype == np.int32
    assert found.flags.writeable


def test_the_global_names_are_those_that_numpy_1_knows() -> None:
    texts = [arg for _, arg, _ in pickletools.genops(encode_landmarks(POINTS)) if isinstance(arg, str)]
    assert texts == ["numpy.core.multiarray", "_reconstruct", "numpy", "ndarray", "dtype", "i4", "<"]


def test_the_bytes_are_those_of_numpy_but_for_the_older_name() -> None:
    newer, older = b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray"
    expected = pickle.dumps(POINTS, 4).replace(newer, older)
    assert encode_landmarks(POINTS) == expected[:3] + struct.pack("<Q", len(expected) - 11) + expected[11:]


def test_the_bytes_are_the_same_whatever_numpy_is_installed() -> None:
    digest = hashlib.sha256(encode_landmarks(np.arange(220, dtype=np.int32).reshape(110, 2))).hexdigest()
    assert digest == "7afbb58bce39e0e36da24242581b5039e0b8e08a863ffc10fd968d5dfaa27fd0"


@pytest.mark.parametrize("points", [POINTS[:98], POINTS.astype(np.int64), POINTS.ravel()])
def test_other_arrays_are_not_written(points) -> None:
    with pytest.raises(ValueError, match=r"int32 \[110, 2\]"):
        encode_landmarks(points)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "points",
    [
        *(POINTS, POINTS[:98], POINTS.astype(np.int64), POINTS.astype(">f8"), np.asfortranarray(POINTS)),
        POINTS.astype(np.float32) / 3,
    ],
    ids=["110", "98", "int64", "big-endian", "fortran", "float32"],
)
def test_arrays_of_any_numpy_and_protocol_are_read(points, protocol: int) -> None:
    for data in (pickle.dumps(points, protocol), pickle.dumps(points, protocol).replace(b"numpy._core", b"numpy.core")):
        if protocol < 4 or b"numpy._core" in data:
            found = decode_landmarks(data)
            np.testing.assert_array_equal(found, points.astype(np.float32))
            assert found.dtype == np.float32


class RunsCode:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class SetsState:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return np.core.multiarray._reconstruct, (np.ndarray, (0,), b"b"), RunsCode(self.path)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("attack", [RunsCode, SetsState])
def test_a_pickle_that_would_run_code_is_refused_and_runs_nothing(tmp_path: Path, protocol: int, attack) -> None:
    made = tmp_path / "made"
    data = pickle.dumps(attack(made), protocol)
    with pytest.raises(BadInput, match=r"UNSAFE_LANDMARKS: 000000.pkl is not read.*Nothing in it has run"):
        decode_landmarks(data, "000000.pkl")
    assert not made.exists()
    with (
        pytest.raises((TypeError, AttributeError, pickle.UnpicklingError))
        if attack is SetsState
        else contextlib.nullcontext()
    ):
        pickle.loads(data)
    assert made.exists(), "the pickle runs nothing, so that the test shows nothing"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not read"),
        (b"not a pickle", "not read"),
        (encode_landmarks(POINTS)[:-100], "not read"),
        (encode_landmarks(POINTS) + b".", "does not end with one value"),
        (pickle.dumps(POINTS[:68]), r"not of the shape \[98, 2\] or \[110, 2\]"),
        (pickle.dumps(POINTS.reshape(55, 4)), "not of the shape"),
        (pickle.dumps(POINTS.astype(object)), "opcode|plain numbers"),
        (pickle.dumps(POINTS.astype("U8")), "plain numbers"),
        (pickle.dumps(POINTS.astype(complex)), "plain numbers"),
        (pickle.dumps(np.zeros(110, [("x", "i4"), ("y", "i4")])), "opcode|plain numbers|calls"),
        (pickle.dumps(POINTS * np.float64(np.nan)), "no place in a picture"),
        (pickle.dumps(POINTS * 1e9), "no place in a picture"),
        (pickle.dumps(POINTS.tolist()), "opcode EMPTY_LIST"),
        (pickle.dumps(5), "no array"),
        (pickle.dumps(np.int32), "no array|asks for"),
        (pickle.dumps(np.dtype("i4")), "no array"),
        (b"\x80\x04" + b")" + b"\x85" * 5_000 + b".", "more than 500 opcodes"),
        (b"\x80\x02]q\x00r\xff\xff\xff\x7f.", "opcode EMPTY_LIST"),
        (b"\x80\x02Kq\x01.", "not read"),
        (b"\x80\x02h\x05.", "memo that is empty"),
        (b"\x80\x02R.", "more values"),
        (b"\x80\x02t.", "a tuple that it has not begun"),
        (b"\x80\x02(q\x00.", "has not put down"),
        (b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7f.", "not read"),
        (pickle.dumps(np.zeros((MAX_BYTES, 2))), f"over {MAX_BYTES}"),
    ],
)
def test_anything_else_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why) as refused:
        decode_landmarks(data)
    assert refused.value.reason == "UNSAFE_LANDMARKS"


@pytest.mark.parametrize("count", [98, 110])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_text_is_a_point_a_line(count: int, end: str) -> None:
    text = "".join(f"{x} {y}{end}" for x, y in POINTS[:count])
    np.testing.assert_array_equal(decode_lms(text.encode()), POINTS[:count])


@pytest.mark.parametrize(
    "text",
    [b"", b"1 2\n" * 68, b"1 2 3\n" * 110, b"1 nan\n" * 110, b"one two\n" * 110, b"1 2\n" * 55 + b"\xff\n" * 55],
)
def test_text_of_other_lines_is_refused(text: bytes) -> None:
    with pytest.raises(BadInput, match=r"BAD_LANDMARKS: 0.lms .*\[98, 2\] or \[110, 2\]"):
        decode_lms(text, "0.lms")
