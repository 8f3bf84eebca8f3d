"""Files are called as their clips' ids, where a file system can hold these and tell them apart."""

import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.pipelines.text_column import TextColumn
from orchestrator.pipelines.tts.file_names import MOST_BYTES, stems_of, with_digits


def stems(*ids: str) -> list[str]:
    return list(stems_of(TextColumn(ids)))


def digits(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def test_a_usual_id_is_the_stem_and_folders_stay() -> None:
    ids = ["utt_0001", "speaker/book/12", "ሰላም_1", "a", "a/b", "x" * MOST_BYTES, "with space", "12"]
    assert stems(*ids) == ids
    assert stems() == []


@pytest.mark.parametrize(
    ("ids", "same"),
    [
        (("Clip", "clip", "other"), {"other"}),
        (("é", unicodedata.normalize("NFD", "é"), "e"), {"e"}),
        (("STRASSE", "straße"), set()),
        (("S/a", "s/a", "s/b"), {"s/b"}),
        (("ﬁ", "fi"), set()),
    ],
)
def test_ids_that_differ_by_case_or_unicode_form_alone_have_digits(ids: tuple[str, ...], same: set[str]) -> None:
    assert stems(*ids) == [one if one in same else f"{one}-{digits(one)}" for one in ids]
    assert stems(*reversed(ids)) == stems(*ids)[::-1]


@pytest.mark.parametrize("long", ["x" * (MOST_BYTES + 1), "ሰ" * 80, "a/" * 99 + "end", f"book/{'y' * 255}"])
def test_too_long_an_id_has_its_end_cut_to_fit_with_digits(long: str) -> None:
    (stem,) = stems(long)
    assert stem.endswith(f"-{digits(long)}") and "/" not in stem
    assert len(f"{stem}.npy".encode()) <= 255 and stem == with_digits(long)
    assert long.rpartition("/")[2].startswith(stem.rpartition("-")[0])


def test_a_folder_that_would_be_the_file_of_another_id_is_none() -> None:
    assert stems("a", "a.npy/b", "A.NPY/c") == ["a", f"b-{digits('a.npy/b')}", f"c-{digits('A.NPY/c')}"]


def test_an_id_that_looks_like_the_stem_of_another_has_digits_of_its_own() -> None:
    other = f"Clip-{digits('Clip')}"
    assert stems("Clip", "clip", other) == [other, f"clip-{digits('clip')}", f"{other}-{digits(other)}"]


@given(st.lists(st.text("aAéÉ/ßs.npy", min_size=1, max_size=6), unique=True, max_size=12))
def test_no_two_ids_share_a_file(ids: list[str]) -> None:
    found = [unicodedata.normalize("NFC", one).casefold() for one in stems(*ids)]
    assert len(set(found)) == len(ids)
