"""What a finished run of speech writes last."""

import dataclasses
import json
from typing import Any

import pytest

from orchestrator.pipelines.base import Made
from orchestrator.pipelines.tts.pipeline import PIPELINE
from orchestrator.pipelines.tts.summary import summary_files
from services.base.errors import BadConfig
from services.base.media.clip import ClipAttributes
from services.base.run.manifest import ClipRow
from services.base.run.spec import NO_SHARD, PinnedStage, RunSpec

STAGES = (
    PinnedStage("text", {"tokenizer": "/m/bpe.model"}, {"tokenizer": "t" * 64}),
    PinnedStage("speech", {"gpt_checkpoint": "/m/gpt.pth"}, {"gpt": "g" * 64, "config": "c" * 64}),
    PinnedStage("ttsfiles", {"storage": "npy"}),
)
SPEC = RunSpec(
    "r", "tts", "d" * 64, STAGES, "/in", "/out", 2, 5, "c" * 64, {"numpy": "2"}, {"val_ratio": 0.2, "val_count": 0}
)


def row(key: str, shard: int, idx: int, split: str = "train", speaker: str = "s1") -> ClipRow:
    said = ClipAttributes(f"text of {key}", "am", 2.0, media_named=f"{key}.wav")
    return ClipRow(key, key, speaker, f"{key}.wav", split, shard, 0, idx, 1, "", (), said)


def quality(key: str, split: str = "train", flags: tuple[str, ...] = (), **facts: Any) -> dict[str, Any]:
    counts = {"num_text_ids": 3, "num_codes": 99, "num_condition": 32, "duration_s": 1800.0}
    return {"key": key, "id": key, "split": split, "flags": list(flags), "text": key, "language": "am"} | counts | facts


ROWS = [row("c", 0, 4), row("a", 0, 0, speaker="s2"), row("torn", 1, 3), row("b", 1, 6, "val")]
QUALITY = [quality("c", num_unknown=2), quality("a", flags=("CLIPPED",)), quality("b", "val", language="en")]
LEFT_OUT = [
    {"key": "/m.jsonl", "media": "/m.jsonl", "reason": "BAD_JSON", "message": "not JSON", "shard": NO_SHARD, "line": 6},
    {"key": "a", "media": "a.wav", "reason": "DUPLICATE_ID", "message": "again", "shard": NO_SHARD, "line": 2},
    {"key": "torn", "media": "t.wav", "reason": "AUDIO_UNREADABLE", "message": "torn", "shard": 1},
]


def files(spec: RunSpec = SPEC, lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, bytes]:
    made = Made(spec, [], QUALITY if lines is None else lines, LEFT_OUT, ROWS, **more)
    with made.until_written:
        return {name: b"".join(pieces) for name, pieces in summary_files(made).items()}


def lines_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def test_manifests_are_in_the_order_of_the_data_set_each_id_once() -> None:
    found = files()
    assert [one["id"] for one in lines_of(found["train_manifest.jsonl"])] == ["a", "c"]
    assert [one["id"] for one in lines_of(found["val_manifest.jsonl"])] == ["b"]
    assert found[".preprocessing_progress.txt"] == b"a\nc\nb\n"


def test_every_file_may_be_gone_through_again() -> None:
    """Whoever publishes over tables that are there compares before it writes."""
    made = Made(SPEC, [], QUALITY, LEFT_OUT, ROWS)
    with made.until_written:
        found = summary_files(made)
        once, again = ({name: b"".join(pieces) for name, pieces in found.items()} for _ in range(2))
    assert once == again and all(once.values())


def test_every_line_that_is_missing_has_its_reason_by_line() -> None:
    assert lines_of(files()["skipped.jsonl"]) == [
        {"line": 2, "id": "a", "reason": "DUPLICATE_ID", "message": "again"},
        {"line": 4, "id": "torn", "reason": "AUDIO_UNREADABLE", "message": "torn"},
        {"line": 6, "id": "", "reason": "BAD_JSON", "message": "not JSON"},
    ]


def test_statistics_begin_with_the_originals_five_keys() -> None:
    data = files()["stats.json"]
    stats = json.loads(data)
    assert list(stats.items())[:5] == [
        *(("total", 3), ("train", 2), ("val", 1)),
        *(("tokenizer", "/m/bpe.model"), ("gpt_checkpoint", "/m/gpt.pth")),
    ]
    assert stats["digests"] == {"tokenizer": "t" * 64, "gpt": "g" * 64, "config": "c" * 64}
    assert data.startswith(b'{\n  "total": 3,\n')


def test_the_last_file_tells_how_all_was_made() -> None:
    found = files(leaks=("a (train) = b (val)",))
    assert list(found)[-1] == "meta.json"
    meta = json.loads(found["meta.json"])
    assert (meta["clips"], meta["train"], meta["val"], meta["skipped"]) == (3, 2, 1, 3)
    assert meta["reasons"] == {"AUDIO_UNREADABLE": 1, "BAD_JSON": 1, "DUPLICATE_ID": 1}
    assert (meta["hours"], meta["speakers"], meta["flags"]) == (1.5, 2, {"CLIPPED": 1})
    assert meta["languages"]["am"] == {"clips": 2, "text_ids": 6, "unknown_text_ids": 2, "hours": 1.0}
    assert meta["same_content_in_train_and_val"] == {"contents": 1, "clips": ["a (train) = b (val)"]}
    assert "warning" not in meta


def test_settings_are_the_same_wherever_model_files_and_servers_are() -> None:
    def settings(folder: str) -> Any:
        own = {"config": f"{folder}/config.yaml"}
        places = own | {"gpt_checkpoint": f"{folder}/gpt.pth", "hf_cache_dir": folder, "triton": f"{folder}:8001"}
        stages = (
            PinnedStage("text", {"tokenizer": f"{folder}/bpe.model", "language": "am"}, {"tokenizer": "sha256:t"}),
            PinnedStage("ttsexisting", own),
            PinnedStage("speech", {**places, "dtype": "float32"}, {"gpt_checkpoint": "seeded:0", "config": "sha256:c"}),
        )
        return json.loads(files(dataclasses.replace(SPEC, stages=stages))["meta.json"])["settings"]

    assert (
        settings("/one")
        == settings("/home/other")
        == {
            "text": {"language": "am", "tokenizer": "sha256:t"},
            "ttsexisting": {"config": "sha256:c"},
            "speech": {"config": "sha256:c", "dtype": "float32", "gpt_checkpoint": "seeded:0"},
        }
    )


def test_random_weights_are_said_first_and_loudly() -> None:
    lines = [{**line, "flags": ["RANDOM_WEIGHTS"]} for line in QUALITY]
    meta = json.loads(files(lines=lines)["meta.json"])
    assert next(iter(meta)) == "warning"
    assert "FEATURES OF 3 CLIPS ARE OF SEEDED RANDOM WEIGHTS" in meta["warning"]


def test_facts_of_a_clip_that_the_list_does_not_have_are_refused() -> None:
    with pytest.raises(BadConfig, match=r"BAD_STATE_FILE.*'zz'"):
        files(lines=[*QUALITY, quality("zz")])


@pytest.mark.parametrize(("asked", "what"), [(None, "report"), ("report", "report"), ("stop", "stop")])
def test_the_same_content_in_train_and_val_is_reported_unless_it_is_to_stop_the_run(asked, what) -> None:
    details = {**SPEC.details, **({"on_leak": asked} if asked else {})}
    spec = RunSpec("r", "tts", "d" * 64, STAGES, "/in", "/out", 2, 5, "c" * 64, {}, details)
    assert PIPELINE.at_leak(spec) == what


def test_manifests_and_statistics_may_be_edited_and_the_latter_follow_from_the_former() -> None:
    assert PIPELINE.tables(SPEC) == {"train_manifest.jsonl", "val_manifest.jsonl", "stats.json"}
    assert PIPELINE.derived_tables(SPEC) == {"stats.json"}
