"""tf.train.Example as bytes, without TensorFlow: features in the order of their names, so equal ones are equal bytes.

Sources: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/example/feature.proto and
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence

from services.base.errors import BadInput

FeatureValue = bytes | bytearray | memoryview | int | Sequence[int]
DecodedFeature = list[bytes] | list[int] | list[float]

_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3
_U64 = 0xFFFFFFFFFFFFFFFF


def encode_example(features: Mapping[str, FeatureValue]) -> bytes:
    """A serialized Example. Bytes-like values become bytes[1], an int int64[1], a sequence of ints int64[n], packed.

    A value is copied once, into the result. Raises ValueError for an int outside int64, TypeError for another type.
    """
    pieces: list[bytes | bytearray | memoryview] = []
    num_bytes = 0
    for name in sorted(features):
        head, body, size = _feature(features[name])
        key = name.encode()
        key_field = b"\x0a" + _varint(len(key)) + key
        value_head = b"\x12" + _varint(len(head) + size) + head
        entry_bytes = len(key_field) + len(value_head) + size
        lead = b"\x0a" + _varint(entry_bytes) + key_field + value_head
        pieces += (lead, body)
        num_bytes += len(lead) + size
    return b"".join((b"\x0a" + _varint(num_bytes), *pieces))


def _feature(value: FeatureValue) -> tuple[bytes, bytes | bytearray | memoryview, int]:
    """A Feature message as what comes ahead of the value's bytes, those bytes, and their number."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        size = value.nbytes if isinstance(value, memoryview) else len(value)
        item = b"\x0a" + _varint(size)
        return b"\x0a" + _varint(len(item) + size) + item, value, size
    packed = b"".join(map(_int64, (value,) if isinstance(value, int) else value))
    item = b"\x0a" + _varint(len(packed)) if packed else b""
    return b"\x1a" + _varint(len(item) + len(packed)) + item, packed, len(packed)


def _int64(value: int) -> bytes:
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{value} does not fit int64")
    return _varint(value & _U64)


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_example(data: bytes) -> dict[str, DecodedFeature]:
    """Features by name, each the list that it is; an unset feature is an empty list. Raises BadInput BAD_EXAMPLE."""
    features: dict[str, DecodedFeature] = {}
    try:
        for number, message in _fields(memoryview(data)):
            if number == 1:
                for entry_number, entry in _fields(_view(message)):
                    if entry_number == 1:
                        name, value = _entry(_view(entry))
                        features[name] = value
    except (IndexError, struct.error, UnicodeDecodeError, TypeError) as error:
        raise BadInput(
            "BAD_EXAMPLE", f"{len(data)} bytes are no serialized tf.train.Example ({error}): write the record again"
        ) from error
    return features


def _entry(data: memoryview) -> tuple[str, DecodedFeature]:
    name, value = "", memoryview(b"")
    for number, field in _fields(data):
        if number == 1:
            name = bytes(_view(field)).decode()
        elif number == 2:
            value = _view(field)
    for kind, items in _fields(value):
        if kind == _BYTES_LIST:
            return name, [bytes(_view(item)) for number, item in _fields(_view(items)) if number == 1]
        if kind == _FLOAT_LIST:
            return name, [v for number, item in _fields(_view(items)) if number == 1 for v in _floats(item)]
        if kind == _INT64_LIST:
            return name, [v for number, item in _fields(_view(items)) if number == 1 for v in _ints(item)]
    return name, []


def _view(field: int | memoryview) -> memoryview:
    if isinstance(field, int):
        raise TypeError("a number where a message was expected")
    return field


def _floats(item: int | memoryview) -> list[float]:
    packed = struct.pack("<I", item) if isinstance(item, int) else item
    return [v for (v,) in struct.iter_unpack("<f", packed)]


def _ints(item: int | memoryview) -> list[int]:
    """Packed or not, as two's complement."""
    if isinstance(item, int):
        return [_signed(item)]
    values, position = [], 0
    while position < len(item):
        value, position = _read_varint(item, position)
        values.append(_signed(value))
    return values


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def bytes_place(data: bytes, name: str) -> tuple[int, int]:
    """(offset, size) in a serialized Example of the one value of a feature of bytes: where it can be read without the
    rest. Raises BadInput BAD_EXAMPLE where there is no such feature, or not one value.
    """
    view = memoryview(data)
    values = []
    try:
        for features in _places(view, (0, len(view)), 1):
            for entry in _places(view, features, 1):
                if [bytes(view[slice(*key)]) for key in _places(view, entry, 1)] == [name.encode()]:
                    of_entry = [of for value in _places(view, entry, 2) for of in _places(view, value, _BYTES_LIST)]
                    values = [value for of in of_entry for value in _places(view, of, 1)]
    except (IndexError, TypeError) as error:
        raise BadInput("BAD_EXAMPLE", f"{len(data)} bytes are no serialized tf.train.Example ({error})") from error
    if len(values) != 1:
        raise BadInput("BAD_EXAMPLE", f"feature {name!r} holds {len(values)} values of bytes, and must hold 1")
    start, end = values[0]
    return start, end - start


def _places(data: memoryview, within: tuple[int, int], wanted: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each delimited field of that number in the message that lies there."""
    for number, start, end, wire_type in _field_places(data, *within):
        if number == wanted and wire_type == _DELIMITED:
            yield start, end


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, a number or the bytes) for each field of a message."""
    for number, start, end, wire_type in _field_places(data, 0, len(data)):
        if wire_type == _VARINT:
            yield number, _read_varint(data, start)[0]
        else:
            body = data[start:end]
            yield number, body if wire_type == _DELIMITED else int.from_bytes(body, "little")


def _field_places(data: memoryview, position: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(field number, start and end of its value, wire type) for each field of the message that lies there."""
    while position < end:
        key, position = _read_varint(data, position)
        number, wire_type = key >> 3, key & 7
        size = 0
        if wire_type == _VARINT:
            _, value_end = _read_varint(data, position)
        elif wire_type == _DELIMITED:
            size, position = _read_varint(data, position)
            value_end = position + size
        elif wire_type in (_FIXED64, _FIXED32):
            size = 8 if wire_type == _FIXED64 else 4
            value_end = position + size
        else:
            raise TypeError(f"wire type {wire_type} at byte {position}")
        if value_end > end:
            raise IndexError(f"a field of {size} bytes at byte {position} of {end}")
        yield number, position, value_end, wire_type
        position = value_end


def _read_varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _U64, position
        shift += 7
        if shift > 63:
            raise IndexError(f"a varint of over ten bytes at byte {position}")
