import io

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.formats.tfrecord import (
    CorruptRecord,
    TornRecord,
    find_records,
    masked_crc32c,
    read_records,
    write_record,
    write_record_in_pieces,
)


def framed(payload: bytes) -> bytes:
    """One record as it lies in the file."""
    sink = io.BytesIO()
    write_record(sink, payload)
    return sink.getvalue()


def test_the_checksum_library_is_the_fast_one() -> None:
    assert google_crc32c.implementation == "c"


def test_the_mask_is_the_formats_own() -> None:
    # crc32c of "123456789" is the check value of RFC 3720.
    assert google_crc32c.value(b"123456789") == 0xE3069283
    assert masked_crc32c(b"123456789") == (((0xE3069283 >> 15) | (0xE3069283 << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def test_one_record_is_length_crc_payload_crc() -> None:
    record = framed(b"abc")
    assert record[:8] == b"\x03" + b"\x00" * 7
    assert record[12:15] == b"abc"
    assert len(record) == 8 + 4 + 3 + 4


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 64))
def test_what_is_framed_is_read_from_a_file_and_from_chunks_of_any_size(payloads: list[bytes], size: int) -> None:
    data = b"".join(map(framed, payloads))
    assert list(read_records(io.BytesIO(data))) == payloads
    assert list(read_records(data[i : i + size] for i in range(0, len(data), size))) == payloads


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=3), st.data())
def test_any_changed_byte_is_noticed(payloads: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(map(framed, payloads))
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CorruptRecord) as caught:
        list(read_records(io.BytesIO(bytes(changed))))
    assert caught.value.reason == "CORRUPT_RECORD"


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=3), st.data())
def test_a_torn_tail_is_an_error_of_its_own_after_the_whole_records(payloads: list[bytes], data: st.DataObject) -> None:
    records = [framed(p) for p in payloads]
    cut = data.draw(st.integers(1, len(records[-1]) - 1))
    torn = b"".join(records)[:-cut]
    read = []
    with pytest.raises(TornRecord) as caught:
        for payload in read_records(io.BytesIO(torn)):
            read.append(payload)
    assert read == payloads[:-1]
    assert f"byte {sum(map(len, records[:-1]))} " in caught.value.message


def test_errors_name_the_offset_and_the_remedy() -> None:
    first, second = framed(b"one"), bytearray(framed(b"two"))
    second[12] ^= 1
    with pytest.raises(CorruptRecord, match=f"payload of the record at byte {len(first)} .*write its shard again"):
        list(read_records(io.BytesIO(first + bytes(second))))


def test_a_file_that_gives_little_at_a_time_is_read_whole() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 3))

    assert list(read_records(Slow(framed(b"a longer payload")))) == [b"a longer payload"]


def test_a_record_in_pieces_is_the_same_bytes() -> None:
    whole, pieces = io.BytesIO(), io.BytesIO()
    write_record(whole, b"payload")
    write_record_in_pieces(pieces, 7, iter([b"pay", b"", b"load"]))
    assert pieces.getvalue() == whole.getvalue()
    with pytest.raises(ValueError, match="a record of 8 bytes came in pieces of 7"):
        write_record_in_pieces(io.BytesIO(), 8, [b"payload"])


def test_a_damaged_payload_hides_nothing_of_what_comes_after_it() -> None:
    whole = bytearray(framed(b"one") + framed(b"two") + framed(b"three"))
    whole[len(framed(b"one")) + 12] ^= 1
    found = list(find_records(io.BytesIO(bytes(whole))))
    assert [one.payload for one in found] == [b"one", b"", b"three"]
    assert [one.error is None for one in found] == [True, False, True]
    assert [bytes(whole)[one.offset_bytes :][:5] for one in found][2] == b"three"
    assert not any(one.hides_rest for one in found)


@pytest.mark.parametrize("damage", ["length", "torn"])
def test_where_a_length_is_damaged_or_the_file_ends_nothing_more_is_found(damage: str) -> None:
    first, second = framed(b"one"), bytearray(framed(b"two"))
    if damage == "length":
        second[0] ^= 1
        second += framed(b"three")
    else:
        del second[-1]
    found = list(find_records(io.BytesIO(first + bytes(second))))
    assert [(one.payload, one.hides_rest) for one in found] == [(b"one", False), (b"", True)]
