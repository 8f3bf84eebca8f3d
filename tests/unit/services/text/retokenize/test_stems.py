"""Files keep their names; others are called by the id."""

import pytest

from services.text.retokenize.stems import stem_of


@pytest.mark.parametrize(
    ("values", "stem"),
    [
        ({"id": "a/b"}, "a/b"),
        ({"id": 7}, "7"),
        ({"id": "x" * 300, "text_ids_path": "../o/text_ids/s/x.npy"}, "s/x"),
        ({"id": "a", "codes_path": "codes/A-1.npy"}, "A-1"),
        ({"id": "a", "text_ids_path": "text_ids/../../a.npy"}, "a"),
        ({"id": "../a"}, None),
        ({"id": ""}, None),
        ({"id": "a\x00b"}, None),
        ({"id": "\ud800"}, None),
        ({"id": True}, None),
        ({}, None),
    ],
)
def test_stems(values: dict[str, object], stem: str | None) -> None:
    assert stem_of(values) == stem


def test_a_long_id_becomes_a_name_that_a_file_system_takes() -> None:
    stems = {stem_of({"id": "ሰ" * 300 + end}) for end in "ab"}
    assert len(stems) == 2
    assert all(stem and len(stem.encode()) <= 200 for stem in stems)
