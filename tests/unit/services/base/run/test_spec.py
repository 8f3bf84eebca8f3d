import dataclasses
import json

import pytest

from services.base.errors import BadConfig
from services.base.run.spec import (
    PinnedStage,
    RunSpec,
    ShardCommit,
    run_digest,
    run_spec_from_json,
    shard_commit_from_json,
)

STAGES = (PinnedStage("decode", {"max_frames": 75}), PinnedStage("landmarks", {"path": "/a"}, {"model.task": "ab"}))
KEYS = {"decode": {"version": 1, "config": {"max_frames": 75}}, "landmarks": {"version": 1, "config": {}}}
ORDER = RunSpec("r", "grid", "d" * 64, STAGES, "/in", "/out", 4, 10, "c" * 64, {"av": "18"}, {"mode": "x"})


def test_an_order_survives_its_json():
    assert run_spec_from_json(ORDER.to_json()) == ORDER


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"schema_version": 1}', b'{"schema_version": 1, "stages": 3}'])
def test_what_is_no_order_is_a_matter_of_config(data):
    with pytest.raises(BadConfig):
        run_spec_from_json(data)


@pytest.mark.parametrize("schema", [1, 99])
def test_another_schema_says_what_to_do(schema):
    fields = json.loads(ORDER.to_json()) | {"schema_version": schema}
    with pytest.raises(BadConfig, match=r"Finish the run with the version that began it.*docs/upgrade\.md"):
        run_spec_from_json(json.dumps(fields).encode())


def test_a_commit_survives_its_json():
    done = ShardCommit(
        3,
        "d",
        {"train-0": {"sha256": "x", "size_bytes": 1, "num_records": 1}},
        {"s1/x": "y"},
        {"train": 1},
        {"wall": 0.1},
        {"clips": 1, "audio_s": 2.5},
        num_quarantined=2,
        reused={"landmarks": 1},
    )
    assert shard_commit_from_json(done.to_json()) == done
    with pytest.raises(BadConfig):
        shard_commit_from_json(b'{"shard": 1}')


def test_what_is_counted_has_one_name_in_every_pipeline():
    with pytest.raises(ValueError, match="counts are of clips, frames, audio_s, tokens, not of syllables"):
        ShardCommit(0, "d", {}, {}, {}, {}, {"syllables": 3})


def digest(**changes):
    fields = {
        "pipeline": "grid",
        "stages": STAGES,
        "stage_keys": KEYS,
        "clips_sha256": "c",
        "num_shards": 4,
        "libraries": {"av": "18"},
        "details": {"mode": "x"},
        "appends": False,
    }
    return run_digest(**{**fields, **changes})


@pytest.mark.parametrize(
    "change",
    [
        {"pipeline": "other"},
        {"clips_sha256": "other"},
        {"num_shards": 5},
        {"libraries": {"av": "19"}},
        {"details": {"mode": "y"}},
        {"appends": True},
        {"stages": (STAGES[0], dataclasses.replace(STAGES[1], models={"model.task": "cd"}))},
        {"stage_keys": {**KEYS, "decode": {"version": 2, "config": {"max_frames": 75}}}},
    ],
)
def test_whatever_decides_the_bytes_changes_the_digest(change):
    assert digest(**change) != digest()


def test_where_a_model_lies_does_not_change_the_digest():
    assert digest(stages=(STAGES[0], dataclasses.replace(STAGES[1], config={"path": "/b"}))) == digest()
