"""Arrow files of features: their types, batches of bounded size, the same bytes, and what is refused."""

import io

import numpy as np
import pyarrow as pa
import pytest

from services.base.errors import BadInput
from services.records.tts import arrow
from services.records.tts.arrow import BYTES_A_BATCH, ROWS_A_BATCH, ArrowWriter, Row, StoredFile, read_rows


class Sink(io.BytesIO):
    def close(self):
        self.whole = self.getvalue()

    def abort(self):
        self.whole = None


@pytest.fixture
def made(features, text):
    def make(i, *, num_ids=3, dim=16):
        speech = features(4 + i % 3, i, dim)
        arrays = (text(num_ids).ids_N, speech.codes_L, speech.condition_KD, speech.emo_vec_D)
        return Row(f"ሰላም_{i}", dict(zip(arrow.FOLDERS, arrays, strict=True)))

    return make


def written(rows):
    sink = Sink()
    writer = ArrowWriter(lambda: sink)
    for row in rows:
        writer.add(row)
    writer.close()
    return sink.whole


def test_the_file_maps_into_memory_with_the_types_of_the_arrays(made, tmp_path):
    path = tmp_path / "a.arrow"
    path.write_bytes(written([made(i, dim=1280) for i in range(3)]))
    with pa.memory_map(str(path)) as mapped:
        before = pa.total_allocated_bytes()
        table = pa.ipc.open_file(mapped).read_all()
        assert pa.total_allocated_bytes() == before, "it was copied into memory"
        assert [(field.name, str(field.type)) for field in table.schema] == [
            ("id", "string"),
            ("text_ids", "list<item: int32 not null>"),
            ("codes", "list<item: int32 not null>"),
            ("condition", "fixed_size_list<item: fixed_size_list<item: float not null>[1280] not null>[32]"),
            ("emo_vec", "fixed_size_list<item: float not null>[1280]"),
        ]
        assert table.column("id").to_pylist() == ["ሰላም_0", "ሰላም_1", "ሰላም_2"]


def test_the_same_rows_are_the_same_bytes(made):
    rows = [made(i) for i in range(ROWS_A_BATCH + 2)]
    assert written(rows) == written(iter(rows))
    assert written(rows) != written(rows[:-1])


def test_batches_end_where_the_rows_say(made):
    data = written(made(i) for i in range(2 * ROWS_A_BATCH + 5))
    assert _batches(data) == [ROWS_A_BATCH, ROWS_A_BATCH, 5]
    data = written(made(i, num_ids=BYTES_A_BATCH // 16) for i in range(5))
    assert _batches(data) == [4, 1]


def _batches(data):
    with pa.ipc.open_file(pa.BufferReader(data)) as file:
        return [file.get_batch(i).num_rows for i in range(file.num_record_batches)]


def test_what_is_written_is_read_from_a_path_a_file_and_a_store(made, tmp_path):
    rows = [made(i) for i in range(ROWS_A_BATCH + 3)]
    data = written(rows)
    (tmp_path / "a.arrow").write_bytes(data)
    reads = []

    def read(offset, size):
        reads.append(size)
        return data[offset : offset + size]

    for source in (tmp_path / "a.arrow", io.BytesIO(data), StoredFile(read, len(data))):
        found = list(read_rows(source))
        assert [row.id for row in found] == [row.id for row in rows]
        for kept, row in zip(found, rows, strict=True):
            for name, array in row.arrays.items():
                np.testing.assert_array_equal(kept.arrays[name], array, strict=True)
    assert max(reads) < len(data), "a store is read batch by batch"


def other_columns():
    out = io.BytesIO()
    batch = pa.record_batch({"id": ["a"], "codes": [[1]]})
    with pa.ipc.new_file(out, batch.schema) as file:
        file.write_batch(batch)
    return out.getvalue()


def other_types():
    out = io.BytesIO()
    batch = pa.record_batch({name: ["a"] for name in arrow.COLUMNS})
    with pa.ipc.new_file(out, batch.schema) as file:
        file.write_batch(batch)
    return out.getvalue()


@pytest.mark.parametrize("cut", [0, 100, 5000, -1])
def test_a_torn_file_is_refused(made, cut):
    with pytest.raises(BadInput, match=r"BAD_ARROW: .*make the shard again"):
        list(read_rows(io.BytesIO(written([made(0), made(1)])[:cut])))


@pytest.mark.parametrize(
    ("data", "message"), [(other_columns(), "columns must be id, text_ids"), (other_types(), "other types: id string")]
)
def test_another_file_is_refused(data, message):
    with pytest.raises(BadInput, match=f"BAD_ARROW.*{message}"):
        list(read_rows(io.BytesIO(data)))


def test_what_a_store_raises_is_not_taken_for_a_bad_file(made):
    def gone(offset, size):
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        list(read_rows(StoredFile(gone, 5000)))
