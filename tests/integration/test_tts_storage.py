"""`visemill run tts --storage`: features in an Arrow file a shard, verified, shown, and unpacked to npy files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tts_corpus import spoken, tiny_config, tokenizer, write_manifest

from orchestrator.cli.main import main

MANIFESTS = ("train_manifest.jsonl", "val_manifest.jsonl")
ARROW_FILE = "features/00000-of-00001.arrow"
FOLDERS = ("text_ids", "codes", "condition", "emo_vec")


def visemill(*words: object, exits: int = 0, capsys: pytest.CaptureFixture[str]) -> Any:
    code = main([*map(str, words), "-o", "json"])
    found = capsys.readouterr()
    assert code == exits, found.err
    return json.loads(found.out)


def arrays(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for folder in FOLDERS
        for path in root.glob(f"{folder}/**/*.npy")
    }


def test_an_arrow_file_is_verified_shown_and_unpacked(
    testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Takes some twenty seconds: a run and a verification start the stages, each with its libraries."""
    lines = [line for line in spoken(testdata) if line["id"] in ("hate", "aishell/1")]
    manifest = write_manifest(tmp_path / "manifest.jsonl", lines)
    what = ["--manifest", manifest, "--tokenizer", tokenizer(testdata), "--config", tiny_config(tmp_path)]
    what += ["--num-shards", 1, "--workers", 1, "--progress", "json", "--max-unk-share", 1]
    out = tmp_path / "out"
    visemill("run", "tts", *what, "--output-dir", out, "--storage", "arrow", capsys=capsys)
    assert arrays(out) == {} and (out / ARROW_FILE).is_file()
    # Each clip made again is, byte by byte, the four files that its row holds.
    answer = visemill("verify", "--output-root", out, "--recompute", 1, capsys=capsys)
    assert (answer["recomputed"], answer["problems"]) == (2, [])

    shown = visemill("inspect", out / ARROW_FILE, "--key", "aishell/1", capsys=capsys)
    assert (shown["rows"], shown["row"]["id"], shown["row"]["breaches"]) == (2, "aishell/1", [])

    assert visemill("unpack", "tts", "--output-dir", out, capsys=capsys)["num_written"] == 8
    records = [json.loads(line) for name in MANIFESTS for line in (out / name).read_text("utf-8").splitlines()]
    assert sorted(record["id"] for record in records) == ["aishell/1", "hate"]
    for record in records:
        codes = np.load(out / record["codes_path"])
        assert (codes.dtype, len(codes)) == (np.int32, record["code_len"])
        assert len(np.load(out / record["text_ids_path"])) == record["text_len"]
        assert len(np.load(out / record["condition_path"])) == record["condition_len"] == 32
        assert np.load(out / record["emo_vec_path"]).ndim == 1
    shown = visemill("inspect", out / "codes" / "aishell" / "1.npy", capsys=capsys)
    assert (shown["feature"], shown["breaches"]) == ("codes", [])

    (out / ARROW_FILE).write_bytes((out / ARROW_FILE).read_bytes()[:-1])
    problems = visemill("verify", "--output-root", out, "--recompute", 0, exits=65, capsys=capsys)["problems"]
    assert any(problem["problem"].startswith("BAD_ARROW") for problem in problems)
