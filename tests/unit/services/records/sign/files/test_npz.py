"""The bytes of an npz and of its parquet, and what the validator says of files that are spoilt."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.base.errors import BadInput
from services.records.sign.files.npz import ClipFacts, build_meta, decode_npz, encode_npz, weights_in_words
from services.records.sign.files.parquet import encode_table
from services.records.sign.files.validate import validate
from services.records.sign.spec import SignFilesConfig

T = 5


def arrays(**changed):
    rng = np.random.default_rng(0)
    made = {
        "X": rng.uniform(0, 1, (T, 156)).astype(np.float32),
        "mask": rng.uniform(0, 1, (T, 78)) < 0.7,
        "timestamps_ms": np.arange(T, dtype=np.int64) * 66,
        "X2048": rng.normal(0, 1, (T, 2048)).astype(np.float32),
    }
    made |= changed
    return {name: array for name, array in made.items() if array is not None}


def meta(**changed):
    facts = ClipFacts("a.mp4", 640, 480, 30.0, None, "holistic-78", "inception_v3", "seeded:7")
    return build_meta(SignFilesConfig(features=True), facts) | changed


def rules(npz, parquet=None):
    return [breach.rule for breach in validate(npz, parquet)]


def table(**changed):
    made = arrays(**changed)
    return encode_table(made["X"], made["mask"], made["timestamps_ms"])


def test_equal_values_give_equal_bytes_and_come_back():
    first = encode_npz(arrays(), meta())
    assert first == encode_npz(arrays(), meta())
    back = decode_npz(first)
    assert list(back) == ["X", "mask", "timestamps_ms", "X2048", "meta"]
    np.testing.assert_array_equal(back["X"], arrays()["X"])
    assert back["meta"].shape == () and json.loads(back["meta"].item()) == meta()


def test_meta_says_random_weights_loudly_and_trained_ones_by_digest():
    assert meta()["iv3_weights"] == "SEEDED RANDOM WEIGHTS, NOT TRAINED (seed 7)"
    assert weights_in_words("sha256:abc") == "sha256:abc"


def test_meta_holds_the_keys_of_the_original_first():
    assert list(meta())[:10] == [
        "video",
        "target_fps",
        "out_size",
        "dims_per_frame",
        "keypoints_total",
        "order",
        "pose_indices",
        "face_indices",
        "conf_thresh",
        "interpolation_max_gap",
    ]
    assert meta()["target_fps"] == 15 and isinstance(meta()["target_fps"], int)
    assert meta()["model_type"] == "B"


def test_good_files_break_no_rule():
    assert rules(encode_npz(arrays(), meta()), table()) == []
    assert rules(encode_npz(arrays(X2048=None), meta())) == []
    assert rules(encode_npz(arrays(X=None, mask=None), meta(model_type="I"))) == []


def spoilt(name, index, value):
    array = arrays()[name].copy()
    array[index] = value
    return {name: array}


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"timestamps_ms": None}, "MISSING_KEY"),
        ({"mask": None}, "MISSING_KEY"),
        ({"X": None, "mask": None, "X2048": None}, "MISSING_KEY"),
        ({"X": np.zeros((T, 155), np.float32)}, "X_SHAPE"),
        ({"X": np.zeros((T, 156))}, "X_SHAPE"),
        ({"X": np.zeros((T + 1, 156), np.float32)}, "X_SHAPE"),
        ({"mask": np.ones((T, 78), np.uint8)}, "MASK_SHAPE"),
        ({"timestamps_ms": np.arange(T, dtype=np.int32)}, "TIMESTAMPS_SHAPE"),
        ({"X2048": np.zeros((T, 2047), np.float32)}, "X2048_SHAPE"),
        ({"X2048": np.zeros((T - 1, 2048), np.float32)}, "X2048_SHAPE"),
        ({"X2048": np.zeros((T, 2048))}, "X2048_SHAPE"),
        (spoilt("X", (2, 3), np.nan), "NOT_FINITE"),
        (spoilt("X2048", (2, 3), np.inf), "NOT_FINITE"),
        (spoilt("X", (0, 0), 1.01), "OUT_OF_RANGE"),
        (spoilt("X", (0, 0), -0.01), "OUT_OF_RANGE"),
        (spoilt("timestamps_ms", 0, -1), "NEGATIVE_TIME"),
        (spoilt("timestamps_ms", 4, 0), "TIME_GOES_BACK"),
        ({"mask": np.zeros((T, 78), np.bool_)}, "NOTHING_VISIBLE"),
    ],
)
def test_each_rule_names_what_breaks_it(changed, rule):
    assert rules(encode_npz(arrays(**changed), meta())) == [rule]


@pytest.mark.parametrize("changed", [{"dims_per_frame": 150}, {"keypoints_total": 75}, {"order": "pose25"}])
def test_meta_is_held_to_its_numbers(changed):
    assert rules(encode_npz(arrays(), meta(**changed))) == ["META_VALUE"]


def test_a_file_without_keypoints_says_so():
    assert rules(encode_npz(arrays(X=None, mask=None), meta())) == ["META_VALUE"]


@pytest.mark.parametrize(
    ("array", "rule"),
    [(np.array("{"), "META_NOT_JSON"), (np.array("[]"), "META_NOT_JSON"), (np.array(["{}"]), "META_SHAPE")],
)
def test_meta_is_one_json_object(array, rule):
    out = io.BytesIO()
    np.savez_compressed(out, **arrays(), meta=array)
    assert rules(out.getvalue()) == [rule]


def test_an_empty_clip_has_no_frame():
    empty = {name: array[:0] for name, array in arrays().items()}
    assert rules(encode_npz(empty, meta())) == ["NO_FRAMES"]


@pytest.mark.parametrize("data", [b"", b"not a zip", encode_npz(arrays(), meta())[:500]])
def test_torn_bytes_are_refused(data):
    with pytest.raises(BadInput, match="BAD_NPZ"):
        decode_npz(data)
    assert rules(data) == ["BAD_NPZ"]


def test_objects_are_never_unpacked():
    out = io.BytesIO()
    np.savez(out, meta=np.array({"a": 1}, dtype=object), allow_pickle=True)
    assert rules(out.getvalue()) == ["BAD_NPZ"]


def test_a_table_has_a_column_a_coordinate_and_a_row_a_frame():
    read = pq.read_table(pa.BufferReader(table()))
    assert read.column_names == [*map(str, range(156)), "t_ms", "mask_bits"]
    assert {str(read.schema.field(i).type) for i in range(156)} == {"float"}
    assert (str(read.schema.field("t_ms").type), read.num_rows) == ("int64", T)
    bits = read.column("mask_bits").to_pylist()
    assert bits == ["".join("1" if seen else "0" for seen in row) for row in arrays()["mask"]]
    np.testing.assert_array_equal(read.column("17").to_numpy(), arrays()["X"][:, 17])
    assert table() == table()


def replaced(name, values):
    read = pq.read_table(pa.BufferReader(table()))
    out = io.BytesIO()
    pq.write_table(read.set_column(read.column_names.index(name), name, pa.array(values)), out)
    return out.getvalue()


def test_tables_that_do_not_fit_break_rules():
    npz = encode_npz(arrays(), meta())
    shorter = {name: array[:-1] for name, array in arrays().items()}
    assert rules(npz, table(**shorter)) == ["PARQUET_ROWS"]
    assert rules(npz, replaced("mask_bits", ["1" * 77] * T)) == ["PARQUET_BITS"]
    assert rules(npz, replaced("mask_bits", ["2" * 78] * T)) == ["PARQUET_BITS"]
    assert rules(npz, replaced("mask_bits", ["1" * 78] * T)) == ["PARQUET_DIFFERS"]
    x_T = arrays()["X"][:, 17]
    assert rules(npz, replaced("17", x_T)) == []
    assert rules(npz, replaced("17", x_T[::-1])) == ["PARQUET_DIFFERS"]
    assert rules(npz, replaced("17", x_T.astype(np.float64))) == ["PARQUET_DIFFERS"]
    assert rules(npz, replaced("t_ms", np.arange(T))) == ["PARQUET_DIFFERS"]
    assert rules(npz, b"no table") == ["BAD_PARQUET"]
    out = io.BytesIO()
    pq.write_table(pq.read_table(pa.BufferReader(table())).drop_columns(["5"]), out)
    assert rules(npz, out.getvalue()) == ["PARQUET_COLUMNS"]
