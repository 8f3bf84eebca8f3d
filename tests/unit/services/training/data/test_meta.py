"""What meta.json says of labels."""

from __future__ import annotations

import json

import pytest

from services.base.errors import BadConfig
from services.training.data.meta import label_meta


def of(**fields: object):
    return label_meta(json.dumps(fields).encode(), "out")


def test_the_alphabet_is_that_of_meta_json() -> None:
    meta = of(alphabet="ab ", ctc_blank=3)
    assert (meta.text_of([0, 2, 1]), meta.ids_of("b x a"), meta.is_assumed) == ("a b", [1, 2, 2, 0], False)


@pytest.mark.parametrize("data", [None, b'{"train_examples": 3}'], ids=["no file", "the original script's"])
def test_without_one_it_is_the_original_scripts(data: bytes | None) -> None:
    meta = label_meta(data, "out")
    assert (meta.text_of([1, 8, 13, 26, 0]), meta.is_assumed) == ("bin a", True)


def test_a_class_that_the_assumed_alphabet_lacks_asks_for_meta_json() -> None:
    with pytest.raises(BadConfig, match=r"MISSING_META: .*27"):
        label_meta(None, "out").text_of([0, 27])


def test_a_class_that_a_told_alphabet_lacks_is_the_records_own_fault() -> None:
    with pytest.raises(ValueError, match="3"):
        of(alphabet="ab ").text_of([3])


@pytest.mark.parametrize(
    "fields", [{"alphabet": "aa"}, {"alphabet": ""}, {"alphabet": 3}, {"alphabet": "ab", "ctc_blank": 0}]
)
def test_what_is_no_alphabet_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(BadConfig, match="BAD_META"):
        of(**fields)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(BadConfig, match="BAD_META"):
        label_meta(b"{", "out")
