"""What decides the ids of the text stage."""

from pathlib import Path

import pytest

from services.base.worker.fingerprint import identity_of
from services.text.spec import SPEC, TextConfig, key_config


def test_the_stage_reads_no_stream() -> None:
    assert (SPEC.name, SPEC.reads, SPEC.writes, SPEC.streams) == ("text", (), ("text_ids",), frozenset())


def test_the_language_and_the_tokenizers_digest_decide_and_its_place_does_not(
    small_model: Path, tmp_path: Path
) -> None:
    assert key_config(TextConfig(tokenizer="a")) == key_config(TextConfig(tokenizer="b")) == {"language": ""}
    assert key_config(TextConfig(language="am")) != key_config(TextConfig())
    copy = tmp_path / "copy.model"
    copy.write_bytes(small_model.read_bytes())
    assert SPEC.models(TextConfig(str(copy))) == SPEC.models(TextConfig(str(small_model)))


def test_libraries_that_decide_ids_are_pinned(small_model: Path) -> None:
    assert {*identity_of(SPEC, TextConfig(str(small_model))).libraries} == {"sentencepiece", "wetext", "kaldifst"}


def test_a_language_is_written_in_one_way() -> None:
    with pytest.raises(ValueError, match="must be lower case"):
        TextConfig(language="AM")
