"""retokenize and pairs in a bucket: ids and manifests are objects, and paths resolve from the manifest's own prefix."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tts_corpus import tokenizer

from orchestrator.cli.main import main
from services.base.store.open import open_store
from services.text.tokenizer import Tokenizer


def _records(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def test_a_manifest_in_a_bucket(
    s3_server: Any, testdata: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    root = f"s3://{s3_server.new_bucket()}/corpus"
    store = open_store(root)
    texts = {"a/1": "I HATE IT", "b": "你好", "c": "HELLO"}
    lines = []
    for key, text in texts.items():
        paths = {f"{name}_path": f"{name}/{key}.npy" for name in ("text_ids", "codes", "condition", "emo_vec")}
        lines.append(json.dumps({"id": key, "text": text, "speaker": "s", "text_len": 1, "code_len": 2, **paths}))
    store.put("out/train.jsonl", "\n".join(lines).encode())
    model = tokenizer(testdata)

    argv = ["--manifest", f"{root}/out/train.jsonl", "--tokenizer", str(model), "--output-dir", f"{root}/new/one"]
    assert main(["retokenize", *argv]) == 0, capsys.readouterr().err
    records = _records(store.read("new/one/train.jsonl"))
    assert [one["text_ids_path"] for one in records] == ["text_ids/a/1.npy", "text_ids/b.npy", "text_ids/c.npy"]
    assert records[1]["codes_path"] == "../../out/codes/b.npy"
    for one in records:
        ids_N = np.load(io.BytesIO(store.read(f"new/one/{one['text_ids_path']}")))
        assert ids_N.tolist() == Tokenizer(model).encode(one["text"]).ids_N.tolist()
        assert len(ids_N) == one["text_len"]

    argv = ["--manifest", f"{root}/new/one/train.jsonl", "--output", f"{root}/pairs/train.jsonl"]
    assert main(["pairs", *argv]) == 0, capsys.readouterr().err
    pairs = _records(store.read("pairs/train.jsonl"))
    assert len(pairs) == 6
    for pair in pairs:
        assert pair["target_text_ids_path"] == f"../new/one/text_ids/{pair['target_id']}.npy"
        assert pair["prompt_condition_path"] == f"../out/condition/{pair['prompt_id']}.npy"
