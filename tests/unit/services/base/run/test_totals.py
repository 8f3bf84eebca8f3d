"""Totals over commits: counts of every kind by one name, records of every split that the pipeline has."""

from services.base.run.spec import ShardCommit
from services.base.run.totals import Totals, answer_counts

OUTPUT = {"sha256": "x", "size_bytes": 10, "num_records": 1}


def commit(shard: int, split: str, **more: object) -> ShardCommit:
    return ShardCommit(shard, "d", {f"{split}-{shard}": OUTPUT}, {}, {split: 2}, {"wall": 1.0, "decode": 0.5}, **more)


def test_the_commits_of_a_run_are_summed_by_name():
    commits = [
        commit(0, "train", counts={"clips": 2, "frames": 150}, num_quarantined=1, reused={"landmarks": 1}),
        commit(1, "val", counts={"clips": 2, "audio_s": 2.5}, reused={"landmarks": 1, "features": 2}),
    ]
    totals = Totals.of(iter(commits))
    assert (totals.num_records, totals.num_quarantined, totals.num_clips, totals.output_bytes) == (4, 1, 5, 20)
    assert totals.seconds == {"wall": 2.0, "decode": 1.0}
    assert totals.to_answer(("train", "val", "test")) == {
        "records": {"train": 2, "val": 2, "test": 0},
        "counts": {"clips": 4, "frames": 150, "audio_s": 2.5},
        "reused": {"features": 2, "landmarks": 3 - 1},
    }


def test_splits_are_the_pipelines_own_and_none_is_lost():
    assert list(answer_counts(("dev", "train"), {"train": 1, "other": 2}, {}, {})["records"].items()) == [
        ("dev", 0),
        ("train", 1),
        ("other", 2),
    ]


def test_whole_numbers_stay_whole_and_in_one_order():
    counts = answer_counts((), {}, {"tokens": 3.0, "audio_s": 0.12345, "clips": 2.0}, {})["counts"]
    assert list(counts.items()) == [("clips", 2), ("audio_s", 0.123), ("tokens", 3)]
    assert isinstance(counts["tokens"], int)
