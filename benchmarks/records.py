"""Building Examples and writing TFRecords, beside TensorFlow: CPU time of both in one run.

    python benchmarks/records.py [--records 128] [--rounds 5]

Both build the same 1.1 MB records from the same arrays, one at a time, and write them to a file in a temporary folder;
the kernel's part in that (page cache) is the same for both.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from services.base.media.clip import Clip
from services.formats.tfrecord import write_record
from services.records.grid.labels import Label, encode_label
from services.records.grid.stage import record_bytes

CLIP = Clip("s1/bbaf2n", "bbaf2n", "s1", "s1/bbaf2n.mpg")


def their_bytes(tf: Any, crops_THWC: np.ndarray, label: Label) -> bytes:
    def number(*values: int) -> Any:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    def text(value: bytes) -> Any:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    features = {
        "frames": text(crops_THWC.tobytes()),
        **{name: number(size) for name, size in zip("thwc", crops_THWC.shape, strict=True)},
        "label": number(*label.ids),
        "label_len": number(label.length),
        "input_len": number(75),
        "utterance_id": text(CLIP.utterance_id.encode()),
        "speaker_id": text(CLIP.speaker_id.encode()),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def cpu_s(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def write_ours(path: Path, records: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        for record in records:
            write_record(file, record)


def write_theirs(tf: Any, path: Path, records: Iterable[bytes]) -> None:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def drop(records: Iterable[bytes]) -> None:
    for _ in records:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    flags = parser.parse_args()
    import tensorflow as tf

    rng = np.random.default_rng(0)
    clips = [rng.integers(0, 256, (75, 50, 100, 3), np.uint8) for _ in range(8)]
    label = encode_label("bin blue at f two now")
    crops = [clips[i % len(clips)] for i in range(flags.records)]
    record = record_bytes(CLIP, crops[0], 75, label)
    records = [record] * flags.records
    taken: dict[tuple[str, str], float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.tfrecord"
        jobs: dict[tuple[str, str], Callable[[], object]] = {
            ("build Example", "ours"): lambda: drop(record_bytes(CLIP, c, 75, label) for c in crops),
            ("build Example", "TensorFlow"): lambda: drop(their_bytes(tf, c, label) for c in crops),
            ("write TFRecord", "ours"): lambda: write_ours(path, records),
            ("write TFRecord", "TensorFlow"): lambda: write_theirs(tf, path, records),
            ("both", "ours"): lambda: write_ours(path, (record_bytes(CLIP, c, 75, label) for c in crops)),
            ("both", "TensorFlow"): lambda: write_theirs(tf, path, (their_bytes(tf, c, label) for c in crops)),
        }
        for job in jobs.values():
            job()
        for _ in range(flags.rounds):
            for name, job in jobs.items():
                taken[name] = min(taken.get(name, float("inf")), cpu_s(job))
    print(f"{flags.records} records of {len(record)} bytes, best of {flags.rounds} rounds, CPU ms a record")
    print(f"{'':16}{'ours':>10}{'TensorFlow':>14}{'ratio':>8}")
    for what in ("build Example", "write TFRecord", "both"):
        ours, theirs = (taken[what, who] / flags.records * 1e3 for who in ("ours", "TensorFlow"))
        print(f"{what:16}{ours:10.3f}{theirs:14.3f}{theirs / ours:7.2f}x")


if __name__ == "__main__":
    main()
