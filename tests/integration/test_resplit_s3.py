"""Manifests in a bucket are split anew, as those in a folder are."""

import io
import json

import pytest

from services.records.tts.names import MANIFESTS, PROGRESS_FILE, STATS_FILE
from services.records.tts.resplit import resplit


def test_manifests_in_a_bucket_are_split_anew(s3_server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    client, bucket = s3_server.client(), s3_server.new_bucket()
    lines = {key: json.dumps({"id": key, "text": "ሰላም"}, ensure_ascii=False).encode() + b"\n" for key in "abc"}
    there = {MANIFESTS[0]: lines["c"] + lines["a"], MANIFESTS[1]: lines["b"], PROGRESS_FILE: b"c\nb\na\n"}
    for name, data in there.items():
        client.put_object(bucket, f"out/{name}", io.BytesIO(data), len(data))

    made = resplit(f"s3://{bucket}/out", lambda ids: frozenset({"a", "c"}))

    assert (made.num_train, made.num_val, made.num_moved) == (1, 2, 3)
    held = {
        item.object_name: client.get_object(bucket, item.object_name).data
        for item in client.list_objects(bucket, recursive=True)
    }
    stats = held.pop(f"out/{STATS_FILE}")
    assert json.loads(stats) == {"total": 3, "train": 1, "val": 2}
    wanted = {MANIFESTS[0]: lines["b"], MANIFESTS[1]: lines["c"] + lines["a"], PROGRESS_FILE: there[PROGRESS_FILE]}
    assert held == {f"out/{name}": data for name, data in wanted.items()}
