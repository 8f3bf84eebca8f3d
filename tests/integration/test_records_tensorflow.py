"""What we write, TensorFlow reads; what TensorFlow writes, we read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.base.media.clip import Clip
from services.formats.example import decode_example, encode_example
from services.formats.tfrecord import read_records, write_record
from services.records.grid.labels import encode_label
from services.records.grid.stage import record_bytes

tf = pytest.importorskip("tensorflow", reason="the tensorflow extra is not installed")

SCHEMA = {
    **{name: tf.io.FixedLenFeature([], tf.string) for name in ("frames", "utterance_id", "speaker_id")},
    **{name: tf.io.FixedLenFeature([], tf.int64) for name in ("t", "h", "w", "c", "label_len", "input_len")},
    "label": tf.io.FixedLenFeature([32], tf.int64),
}
STEMS = ("bbaf2n", "lrae3s", "über")


def crops(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (75, 50, 100, 3), np.uint8)


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    path = tmp_path / "train-00000-of-00001.tfrecord"
    with path.open("wb") as file:
        for i, stem in enumerate(STEMS):
            label = encode_label("bin blue at f two now")
            write_record(file, record_bytes(Clip(stem, stem, "s1", stem), crops(i), 75 - i, label))
    return path


def test_tf_data_reads_what_we_write(shard: Path) -> None:
    dataset = tf.data.TFRecordDataset(str(shard)).map(lambda record: tf.io.parse_single_example(record, SCHEMA))
    examples = list(dataset.as_numpy_iterator())
    assert [e["utterance_id"].decode() for e in examples] == list(STEMS)
    for i, example in enumerate(examples):
        shape = [int(example[name]) for name in "thwc"]
        frames_THWC = tf.reshape(tf.io.decode_raw(example["frames"], tf.uint8), shape).numpy()
        assert np.array_equal(frames_THWC, crops(i))
        assert (int(example["input_len"]), int(example["label_len"])) == (75 - i, 21)
        assert tuple(example["label"]) == encode_label("bin blue at f two now").ids
        assert example["speaker_id"] == b"s1"


def test_tensorflow_checks_what_we_write(shard: Path) -> None:
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1])
    with pytest.raises(tf.errors.DataLossError):
        list(tf.data.TFRecordDataset(str(shard)))


def test_we_read_what_tensorflow_writes(tmp_path: Path) -> None:
    path = tmp_path / "theirs.tfrecord"
    payloads = [b"", b"abc", crops(0).tobytes()]
    with tf.io.TFRecordWriter(str(path)) as writer:
        for payload in payloads:
            writer.write(payload)
    with path.open("rb") as file:
        assert list(read_records(file)) == payloads


def as_theirs(features: dict[str, bytes | list[int]]) -> Any:
    example = tf.train.Example()
    example.features.SetInParent()
    for name, value in features.items():
        if isinstance(value, bytes):
            example.features.feature[name].bytes_list.value.append(value)
        else:
            example.features.feature[name].int64_list.value.extend(value)
    return example


_VALUES = st.one_of(st.binary(max_size=200), st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=20))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=10), _VALUES, max_size=6))
def test_examples_mean_the_same_on_both_sides(features: dict[str, bytes | list[int]]) -> None:
    theirs = as_theirs(features)
    assert tf.train.Example.FromString(encode_example(features)) == theirs
    assert len(encode_example(features)) == theirs.ByteSize()
    expected = {name: [value] if isinstance(value, bytes) else value for name, value in features.items()}
    assert decode_example(theirs.SerializeToString()) == expected
