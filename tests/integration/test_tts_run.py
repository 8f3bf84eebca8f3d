"""`visemill run tts` on real speech, with the published tokenizer and tiny networks: every command of a run works."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tts_corpus import MODEL_DIM, spoken, tiny_config, tokenizer, write_manifest

from orchestrator.cli.main import main
from services.records.tts.names import MANIFESTS

FINISHED, WITH_QUARANTINE = 0, 3


def visemill(*words: object, exits: int, capsys: pytest.CaptureFixture[str]) -> Any:
    code = main([*map(str, words), "-o", "json"])
    found = capsys.readouterr()
    assert code == exits, found.err
    return json.loads(found.out)


def files(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file() and ".visemill" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_manifest_becomes_features_and_every_missing_line_has_its_reason(
    testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Takes half a minute: five of the commands start the stages, each with its libraries."""
    lines = spoken(testdata)
    lines += [{"id": "gone", "text": "x", "audio": "gone.wav"}, "{", {"id": "mute", "audio": lines[0]["audio"]}]
    manifest = write_manifest(tmp_path / "corpus" / "manifest.jsonl", lines)
    out = tmp_path / "out"
    what = ["--manifest", manifest, "--tokenizer", tokenizer(testdata), "--config", tiny_config(tmp_path)]
    what += ["--num-shards", 2]

    assert visemill("count", "tts", *what, exits=FINISHED, capsys=capsys)["clips"] == 4
    plan = visemill("plan", "tts", *what, "--output-dir", out, "--sample", 1, exits=WITH_QUARANTINE, capsys=capsys)
    assert [one["outcome"] for one in plan["sample"]] == ["ok"] and not out.exists()

    run = ["run", "tts", *what, "--output-dir", out, "--val-count", 1, "--workers", 1, "--progress", "json"]
    answer = visemill(*run, exits=WITH_QUARANTINE, capsys=capsys)
    assert answer["finished"]
    reasons = {line["key"]: line["reason"] for line in map(json.loads, (out / "quarantine.jsonl").open())}
    assert reasons == {"gone": "AUDIO_MISSING", str(manifest): "BAD_JSON", "mute": "NO_TEXT"}
    for key in ("aishell/1", "voice 01", "hate", "mid"):
        ids, codes, condition, emotion = (
            np.load(out / name / f"{key}.npy") for name in ("text_ids", "codes", "condition", "emo_vec")
        )
        assert ids.dtype == codes.dtype == np.int32 and ids.ndim == codes.ndim == 1 and len(ids) > 0
        assert condition.dtype == emotion.dtype == np.float32
        assert condition.shape == (32, MODEL_DIM) and emotion.shape == (MODEL_DIM,)
    # A clip whose rate is 16 kHz already has one code for every two frames of 10 ms.
    assert len(np.load(out / "codes" / "mid.npy")) == 248

    made = [json.loads(line) for name in MANIFESTS for line in (out / name).open()]
    assert sorted(line["id"] for line in made) == ["aishell/1", "hate", "mid", "voice 01"]
    assert {line["audio_path"] for line in made} == {line["audio"] for line in lines[:4]}
    assert all(len(np.load(out / line["codes_path"])) == line["code_len"] for line in made)
    stats = json.loads((out / "stats.json").read_bytes())
    assert (stats["total"], stats["train"], stats["val"]) == (4, 3, 1) and len(stats["digests"]) >= 2
    skipped = [json.loads(line) for line in (out / "skipped.jsonl").open()]
    assert [(line["line"], line["id"], line["reason"]) for line in skipped] == [
        *((5, "gone", "AUDIO_MISSING"), (6, "", "BAD_JSON"), (7, "mute", "NO_TEXT"))
    ]
    assert (out / ".preprocessing_progress.txt").read_text().splitlines() == [line["id"] for line in lines[:4]]
    meta = json.loads((out / "meta.json").read_bytes())
    assert "SEEDED RANDOM WEIGHTS" in meta["warning"] and meta["flags"]["RANDOM_WEIGHTS"] == 4

    assert not visemill("verify", "--output-root", out, "--recompute", 1, exits=FINISHED, capsys=capsys)["problems"]
    one = visemill("reproduce", "--output-root", out, "--clip", "aishell/1", exits=FINISHED, capsys=capsys)
    assert one["ttsfile"]["flags"] == ["RANDOM_WEIGHTS"] and one["text_ids"]["num_ids"] > 0
    assert Path(visemill("report", "--output-root", out, exits=FINISHED, capsys=capsys)["report"]).is_file()

    before = files(out)
    assert visemill("resume", "--output-root", out, exits=WITH_QUARANTINE, capsys=capsys)["finished"]
    assert files(out) == before

    split = ["split", "tts", "--output-dir", out]
    assert visemill(*split, "--val-count", 2, exits=FINISHED, capsys=capsys)["val"] == 2
    mine = files(out)
    verified = visemill("verify", "--output-root", out, exits=FINISHED, capsys=capsys)
    assert (verified["problems"], verified["edited"]) == ([], ["stats.json", *MANIFESTS]), "another split is no damage"
    again = visemill("resume", "--output-root", out, exits=WITH_QUARANTINE, capsys=capsys)
    assert again["nothing_to_do"] and files(out) == mine, "nor is it overwritten"
    visemill(*split, "--val-count", 1, exits=FINISHED, capsys=capsys)
    assert files(out) == before, "the split of the run is the run's bytes"


def test_the_usual_first_mistake_stops_before_anything_is_computed(
    testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The published tokenizer knows no Ethiopic."""
    lines = [{**line, "text": "ሰላም ለዓለም", "language": "am"} for line in spoken(testdata)]
    manifest = write_manifest(tmp_path / "manifest.jsonl", lines)
    out = tmp_path / "out"
    what = ["--manifest", manifest, "--tokenizer", tokenizer(testdata), "--config", tiny_config(tmp_path)]
    refused = visemill("run", "tts", *what, "--language", "am", "--output-dir", out, exits=78, capsys=capsys)
    error = refused["error"]
    assert error["reason"] == "UNKNOWN_TOKENS" and "ሰ" in error["message"] and "am: " in error["message"]
    assert not out.exists()
    pinned = visemill(
        "pin", "tts", *what, "--output-dir", out, "--max-unk-share", 1, "--dry-run", exits=FINISHED, capsys=capsys
    )
    assert any("unknown to the tokenizer" in note for note in pinned["notes"])
    assert any("SEEDED RANDOM WEIGHTS" in note for note in pinned["notes"])


def test_a_tokenizer_that_changed_on_disk_is_not_mixed_with_the_one_before(
    testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "bpe.model"
    model.write_bytes(tokenizer(testdata).read_bytes())
    manifest = write_manifest(tmp_path / "manifest.jsonl", spoken(testdata)[:1])
    out = tmp_path / "out"
    what = ["--manifest", manifest, "--tokenizer", model, "--config", tiny_config(tmp_path), "--output-dir", out]
    visemill("pin", "tts", *what, exits=FINISHED, capsys=capsys)
    # A field that nobody reads: the same pieces, and another file.
    model.write_bytes(model.read_bytes() + b"\x22\x00")
    resumed = visemill("resume", "--output-root", out, "--workers", 1, exits=78, capsys=capsys)
    assert "MODEL_CHANGED" in json.dumps(resumed) and not (out / "codes").exists()
