"""The command that extends a tokenizer: whole files or none, and texts as a run would give them."""

import json
from pathlib import Path

import pytest

from services.base.errors import EXIT_OK
from services.text.extend.__main__ import main
from services.text.tokenizer import Tokenizer


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "am.jsonl"
    texts = ["ሰላም ዓለም", "Speaker 2: አዲስ አበባ", "ዛሬ ጥሩ ቀን ነው", ""] * 6
    lines = [
        json.dumps({"id": str(i), "text": text, "language": "amh"}, ensure_ascii=False) for i, text in enumerate(texts)
    ]
    path.write_text("\n".join([*lines, "no json"]), encoding="utf-8")
    return path


def test_a_model_of_the_size_that_was_asked_for(
    small_model: Path, manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.model"
    argv = ["--base-model", str(small_model), "--manifests", str(manifest), "--output-model", str(output)]
    assert main([*argv, "--target-size", "80"]) == EXIT_OK
    said = capsys.readouterr()
    assert json.loads(said.out) == {"output_model": str(output), "num_base": 60, "num_added": 20}
    assert "line 25 is left out" in said.err
    tokenizer = Tokenizer(output)
    assert tokenizer.vocab_size == 80
    assert tokenizer.encode("ሰላም", "am").num_unknown == 0
    # A tag of a speaker is no text that is spoken.
    assert (
        tokenizer.encode("SPEAKER", "en").ids_N.tolist()
        == Tokenizer(small_model).encode("SPEAKER", "en").ids_N.tolist()
    )


def test_a_table_of_another_format_and_no_name_for_the_output(small_model: Path, tmp_path: Path) -> None:
    base = tmp_path / "base.model"
    base.write_bytes(small_model.read_bytes())
    table = tmp_path / "am.csv"
    table.write_text("id,text\n" + "".join(f"{i},ሰላም ዓለም አዲስ\n" for i in range(9)), encoding="utf-8")
    assert main(["--base-model", str(base), "--manifests", str(table), "--target-size", "65"]) == EXIT_OK
    assert Tokenizer(tmp_path / "base_extended.model").vocab_size == 65


@pytest.mark.parametrize("fault", ["no manifest", "too large", "no base", "no folder"])
def test_a_fault_leaves_no_file(
    small_model: Path, manifest: Path, tmp_path: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / ("nowhere/out.model" if fault == "no folder" else "out.model")
    base = tmp_path / "nothing.model" if fault == "no base" else small_model
    given = tmp_path / "nothing.jsonl" if fault == "no manifest" else manifest
    size = "9000" if fault == "too large" else "80"
    argv = ["--base-model", str(base), "--manifests", str(given), "--output-model", str(output), "--target-size", size]
    assert main(argv) == 78
    assert capsys.readouterr().err
    assert not output.exists()
    assert not list(tmp_path.glob(".out*"))
