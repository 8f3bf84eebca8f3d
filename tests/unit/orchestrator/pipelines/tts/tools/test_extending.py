"""`visemill extend-tokenizer`: one more way to the same model, and the numbers that a checkpoint needs."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.main import main
from orchestrator.pipelines.tts.tools.extending import ExtendOptions
from services.base.errors import EXIT_OK, BadConfig
from services.text.tokenizer import Tokenizer


def test_the_vocabulary_is_off_by_one_after_extension(
    testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The size that was asked for, ids without a gap, the base's unchanged, and an embedding of one row more."""
    base = testdata / "weights" / "indextts2_bpe.model"
    for name, text in (("a", "ሰላም ዓለም"), ("b", "አዲስ አበባ")):
        line = json.dumps({"id": name, "text": text, "language": "am"})
        (tmp_path / f"{name}.jsonl").write_text(f"{line}\n" * 5)
    output = tmp_path / "am.model"
    argv = ["--base-model", str(base), "--manifests", str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]
    assert (
        main(["extend-tokenizer", *argv, "--output-model", str(output), "--target-size", "12020", "-o", "json"])
        == EXIT_OK
    )
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (answer["num_base"], answer["num_added"], answer["num_pieces"]) == (12_000, 20, 12_020)
    assert answer["num_embedding_rows"] == 12_021
    before, after = Tokenizer(base), Tokenizer(output)
    assert after.vocab_size == 12_020
    used = set()
    for text in ("ሰላም ዓለም", "አዲስ አበባ"):
        encoded = after.encode(text, "am")
        assert encoded.num_unknown == 0
        used |= set(encoded.ids_N.tolist())
    # New ids begin where the base's end, and the last one is below the size.
    assert 12_000 <= min(used - {10_201}) <= max(used) < 12_020
    for text in ("HELLO WORLD", "你好世界"):
        assert after.encode(text).ids_N.tolist() == before.encode(text).ids_N.tolist()


@pytest.mark.parametrize("given", [{"base_model": "b"}, {"manifests": "m"}])
def test_what_is_needed(given: dict[str, str]) -> None:
    with pytest.raises(BadConfig, match="is missing"):
        ExtendOptions(**given)
