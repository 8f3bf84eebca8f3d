"""A text becomes a file of ids, unless the file is there and holds them."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from services.text.retokenize.encoding import Encoder, EncodingConfig, Job, Made, rules_of
from services.text.retokenize.staging import Staging
from services.text.tokenizer import Tokenizer


def _encoded(model: Path, out: Path, job: Job, **settings: bool | str) -> Made:
    with Staging(str(out)) as staging:
        (made,) = Encoder(EncodingConfig(str(model), str(out), **settings))([job])  # type: ignore[arg-type]
        staging.publish()
    return made


def _file(out: Path) -> Path:
    return out / "text_ids" / "a.npy"


def test_ids_of_the_cleaned_text_by_the_rules_of_its_language(small_model: Path, tmp_path: Path) -> None:
    made = _encoded(small_model, tmp_path, Job("a", "Speaker 1: hello 10", "fr"), language="am")
    wanted = Tokenizer(small_model).encode("hello 10", "en").ids_N
    found = np.load(_file(tmp_path))
    assert found.dtype == np.int32
    assert found.tolist() == wanted.tolist()
    assert made == Made("hello 10", len(wanted), 0, is_kept=False, is_changed=False)


@pytest.mark.parametrize(
    ("there", "settings", "kept", "changed"),
    [
        ("same", {}, False, False),
        ("same", {"skip_existing": True}, True, False),
        ("other", {"skip_existing": True}, False, True),
        ("other", {"skip_existing": True, "trust_existing": True}, True, False),
        ("torn", {"skip_existing": True, "trust_existing": True}, False, True),
        ("float", {"skip_existing": True}, False, True),
    ],
)
def test_a_file_that_is_there(
    small_model: Path, tmp_path: Path, there: str, settings: dict[str, bool], kept: bool, changed: bool
) -> None:
    ids_N = Tokenizer(small_model).encode("hello world", "en").ids_N
    data = io.BytesIO()
    np.save(data, {"other": ids_N[:1], "float": ids_N.astype(np.float32)}.get(there, ids_N))
    _file(tmp_path).parent.mkdir()
    _file(tmp_path).write_bytes(data.getvalue()[: 20 if there == "torn" else None])
    made = _encoded(small_model, tmp_path, Job("a", "hello world", ""), **settings)
    assert (made.is_kept, made.is_changed) == (kept, changed)
    assert made.num_ids == len(np.load(_file(tmp_path)))
    is_trusted = there == "other" and kept
    assert np.load(_file(tmp_path)).tolist() == (ids_N[:1] if is_trusted else ids_N).tolist()


def test_texts_of_some_languages_become_hiragana_before(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pykakasi.py").write_text(
        "class kakasi:\n    convert = lambda self, text: [{'hira': c.upper()} for c in text]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        encoder = Encoder(EncodingConfig(str(small_model), str(tmp_path), romanized=("ja",)))
        made = encoder([Job("a", "ten", "jp"), Job("b", "ten", ""), Job("c", "tenか", "")])
    finally:
        sys.modules.pop("pykakasi", None)
    assert [one.text for one in made] == ["TEN", "ten", "TENか"]


def test_a_text_of_which_nothing_is_spoken_writes_no_file(small_model: Path, tmp_path: Path) -> None:
    assert _encoded(small_model, tmp_path, Job("a", "speaker 3:", "")).num_ids == 0
    assert not _file(tmp_path).exists()


@pytest.mark.parametrize(("name", "rules"), [("JP", "ja"), (" ko ", "ko"), ("", ""), ("de", "en")])
def test_rules_of_names(name: str, rules: str) -> None:
    assert rules_of(name) == rules
