import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadInput
from services.formats.example import bytes_place, decode_example, encode_example

_INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
_VALUES = st.one_of(st.binary(max_size=300), _INT64, st.lists(_INT64, max_size=40))


def _as_list(value: bytes | int | list[int]) -> list[bytes] | list[int]:
    return value if isinstance(value, list) else [value]  # type: ignore[return-value]


def test_the_bytes_are_those_of_the_wire_format() -> None:
    # Example{Features{"a": Feature{Int64List[-1]}}}, by hand from the encoding guide.
    minus_one = b"\xff" * 9 + b"\x01"
    int64_list = b"\x0a\x0a" + minus_one
    feature = b"\x1a" + bytes([len(int64_list)]) + int64_list
    entry = b"\x0a\x01a" + b"\x12" + bytes([len(feature)]) + feature
    features = b"\x0a" + bytes([len(entry)]) + entry
    assert encode_example({"a": -1}) == b"\x0a" + bytes([len(features)]) + features


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=12), _VALUES, max_size=8))
def test_what_is_encoded_is_decoded(features: dict[str, bytes | int | list[int]]) -> None:
    assert decode_example(encode_example(features)) == {k: _as_list(v) for k, v in features.items()}


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 9), min_size=2, max_size=6))
def test_the_order_in_which_features_are_given_does_not_show(features: dict[str, int]) -> None:
    backwards = dict(reversed(features.items()))
    assert encode_example(features) == encode_example(backwards)


def test_arrays_are_taken_as_they_lie() -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert decode_example(encode_example({"x": array.data})) == {"x": [array.tobytes()]}
    assert encode_example({"x": bytearray(b"ab")}) == encode_example({"x": b"ab"})


@pytest.mark.parametrize("value", [1 << 63, -(1 << 63) - 1])
def test_a_number_beyond_int64_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="int64"):
        encode_example({"a": value})


def test_text_is_refused() -> None:
    with pytest.raises(TypeError):
        encode_example({"a": "text"})  # type: ignore[dict-item]


def test_unpacked_numbers_floats_and_unknown_fields_are_read() -> None:
    def message(number: int, body: bytes) -> bytes:
        return bytes([number << 3 | 2, len(body)]) + body

    unpacked = message(1, b"k") + message(2, message(3, b"\x08\x05\x08\x06") + b"\x28\x07")
    floats = message(1, b"f") + message(2, message(2, message(1, np.float32([0.5, 2]).tobytes())))
    example = message(1, message(1, unpacked) + message(1, floats)) + b"\x50\x01"
    assert decode_example(example) == {"k": [5, 6], "f": [0.5, 2.0]}


@given(st.binary(max_size=60))
def test_any_bytes_give_features_or_bad_input(data: bytes) -> None:
    try:
        assert isinstance(decode_example(data), dict)
    except BadInput as error:
        assert error.reason == "BAD_EXAMPLE"


def test_a_cut_example_is_bad_input() -> None:
    data = encode_example({"frames": b"x" * 100, "label": [1, -1]})
    with pytest.raises(BadInput, match="BAD_EXAMPLE"):
        decode_example(data[:-1])


@given(st.dictionaries(st.text(max_size=8), st.binary(max_size=400) | st.integers(0, 9), max_size=5), st.binary())
def test_the_place_of_a_value_of_bytes_is_where_it_lies(features: dict[str, bytes | int], value: bytes) -> None:
    data = encode_example({**features, "frames": value})
    offset, size_bytes = bytes_place(data, "frames")
    assert data[offset : offset + size_bytes] == value


@pytest.mark.parametrize("data", [b"", encode_example({"frames": 3}), encode_example({"frame": b"x"}), b"\x0a\xff"])
def test_without_such_a_value_there_is_no_place(data: bytes) -> None:
    with pytest.raises(BadInput, match="BAD_EXAMPLE"):
        bytes_place(data, "frames")
