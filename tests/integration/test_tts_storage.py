"""`visemill run tts --storage`: features in an Arrow file a shard, verified, shown, and unpacked to npy files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tts_corpus import spoken, tiny_config, tokenizer, write_manifest

from orchestrator.cli.main import main

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


def test_an_arrow_file_holds_what_npy_files_hold(
    testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Takes some twenty seconds: two runs and a verification start the stages, each with its libraries."""
    lines = [line for line in spoken(testdata) if line["id"] in ("hate", "aishell/1")]
    manifest = write_manifest(tmp_path / "manifest.jsonl", lines)
    what = ["--manifest", manifest, "--tokenizer", tokenizer(testdata), "--config", tiny_config(tmp_path)]
    what += ["--num-shards", 1, "--workers", 1, "--progress", "json"]
    packed, both = tmp_path / "packed", tmp_path / "both"
    visemill("run", "tts", *what, "--output-dir", packed, "--storage", "arrow", capsys=capsys)
    assert arrays(packed) == {}
    answer = visemill("verify", "--output-root", packed, "--recompute", 1, capsys=capsys)
    assert (answer["recomputed"], answer["problems"]) == (2, [])

    visemill("run", "tts", *what, "--output-dir", both, "--storage", "both", capsys=capsys)
    assert (both / ARROW_FILE).read_bytes() == (packed / ARROW_FILE).read_bytes()
    expected = arrays(both)
    assert len(expected) == 8

    shown = visemill("inspect", packed / ARROW_FILE, "--key", "aishell/1", capsys=capsys)
    assert (shown["rows"], shown["row"]["id"], shown["row"]["breaches"]) == (2, "aishell/1", [])
    codes = both / "codes" / "aishell" / "1.npy"
    shown_codes = visemill("inspect", codes, capsys=capsys)
    assert (shown_codes["shape"], shown_codes["feature"]) == ([len(np.load(codes))], "codes")

    assert visemill("unpack", "tts", "--output-dir", packed, capsys=capsys)["num_written"] == 8
    assert arrays(packed) == expected

    # Another clip's codes in a clip's file are found.
    codes.write_bytes((both / "codes" / "hate.npy").read_bytes())
    problems = visemill("verify", "--output-root", both, "--recompute", 0, exits=65, capsys=capsys)["problems"]
    assert "codes/aishell/1.npy" in {problem["file"] for problem in problems}
