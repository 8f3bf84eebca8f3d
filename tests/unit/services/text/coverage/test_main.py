"""The command that says what a tokenizer does not know: one JSON object, from manifests or from standard input."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from services.base.errors import EXIT_OK
from services.text.coverage.__main__ import main

_LINES = [
    {"id": "1", "text": "ሰላም ዓለም", "language": "am"},
    {"id": "2", "text": "hello"},
    {"id": "3", "text": "  "},
    {"id": "4", "text": 7},
    {"id": "5"},
]


def _manifest(folder: Path) -> Path:
    path = folder / "m.jsonl"
    path.write_text("\n".join([*(json.dumps(line) for line in _LINES), "no json"]), encoding="utf-8")
    return path


def _printed(capsysbinary: pytest.CaptureFixture[bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsysbinary.readouterr().out)
    return found


def test_shares_by_language_and_the_characters(
    small_model: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    argv = ["--manifest", str(_manifest(tmp_path)), "--tokenizer", str(small_model)]
    assert main([*argv, "--characters", "2"]) == EXIT_OK
    found = _printed(capsysbinary)
    assert (found["num_texts"], found["num_empty"], found["num_not_read"], found["vocab_size"]) == (2, 2, 2, 60)
    assert found["languages"]["en"]["unknown_share"] == 0
    amharic = found["languages"]["am"]
    assert amharic["num_distinct_unknown"] == 5
    assert amharic["unknown"] == [{"character": "ም", "count": 2}, {"character": "ለ", "count": 1}]
    assert 0 < found["unknown_share"] < 1
    assert amharic["sampled"]["num_texts"] == 1


def test_texts_from_standard_input_and_the_same_answer(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = _manifest(tmp_path)
    assert main(["--manifest", str(path), "--tokenizer", str(small_model)]) == EXIT_OK
    named = _printed(capsysbinary)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert main(["--manifest", "-", "--tokenizer", str(small_model)]) == EXIT_OK
    assert _printed(capsysbinary) == named


def test_the_official_tokenizer_knows_no_ethiopic(
    testdata: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The usual first mistake: every word is one unknown token, and the model would learn nothing."""
    manifest = tmp_path / "am.jsonl"
    texts = ["ሰላም ዓለም", "አዲስ አበባ ዋና ከተማ ማማ ናት።", "Hello, 12 of them."]
    manifest.write_text("".join(json.dumps({"id": text, "text": text}) + "\n" for text in texts), encoding="utf-8")
    model = testdata / "weights" / "indextts2_bpe.model"
    assert main(["--manifest", str(manifest), "--tokenizer", str(model)]) == EXIT_OK
    found = _printed(capsysbinary)["languages"]
    assert found["en"]["unknown_share"] == 0
    assert found["am"]["unknown_share"] > 0.4
    assert found["am"]["unknown"][0] == {"character": "ማ", "count": 3}
    assert {one["character"] for one in found["am"]["unknown"]} >= set("ሰላምዓለአዲስ")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("no tokenizer", "MODEL_MISSING"),
        ("no model", "MODEL_UNREADABLE"),
        ("another digest", "MODEL_CHANGED"),
        ("no manifest", "NOT_READABLE"),
        ("no sample", "BAD_FLAGS"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    small_model: Path, tmp_path: Path, fault: str, said: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = tmp_path / "text.model"
    text.write_text("no model")
    model = {"no tokenizer": tmp_path / "nothing", "no model": text}.get(fault, small_model)
    manifest = tmp_path / "nothing" if fault == "no manifest" else _manifest(tmp_path)
    more = {"another digest": ["--tokenizer-sha256", "0" * 64], "no sample": ["--sample", "1"]}.get(fault, [])
    assert main(["--manifest", str(manifest), "--tokenizer", str(model), *more]) == 78
    captured = capsysbinary.readouterr()
    assert captured.err.decode().startswith(said)
    assert captured.out == b""
