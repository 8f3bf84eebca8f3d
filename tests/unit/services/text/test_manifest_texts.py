"""Manifests by path, from standard input and from a store."""

import io
import sys
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.formats.manifests import Record
from services.text.manifest_texts import records_of


def test_a_path_a_uri_and_standard_input_give_the_same_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ሀ.jsonl"
    path.write_bytes('{"text": "ሰላም"}\n{"text": "b"}\n'.encode())
    wanted = [Record(1, {"text": "ሰላም"}), Record(2, {"text": "b"})]
    assert list(records_of(str(path), "--manifest")) == wanted
    assert list(records_of(f"file://{path}", "--manifest")) == wanted
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert list(records_of("-", "--manifest")) == wanted


def test_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id;text\n1;x\n")
    assert list(records_of(str(tmp_path / "a.csv"), "--manifest")) == [Record(2, {"id": "1", "text": "x"})]


@pytest.mark.parametrize("name", ["{}/nothing.jsonl", "file://{}/nothing.jsonl", "{}"])
def test_what_is_not_there_is_refused_by_its_flag(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadConfig, match=r"--manifests .* (cannot be read|is not there)") as refused:
        list(records_of(name.format(tmp_path), "--manifests"))
    assert refused.value.reason == "NOT_READABLE"
