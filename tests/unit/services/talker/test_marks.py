"""A film says that it was painted, and by what."""

import dataclasses

from services.formats.talker.head import HeadCard
from services.formats.talker.mark import mark_in
from services.talker.infer_options import InferOptions
from services.talker.marks import are_marked, metadata_of
from services.talker.spec import HeadConfig


def test_the_network_and_the_consent_are_named():
    digests = {"model": "a" * 64, "checkpoint": "b" * 64}
    found = mark_in(metadata_of(HeadCard("r", "mel", "160", 1.0, digests)))
    assert found is not None and (found.head, found.consent) == ("b" * 64, "")
    found = mark_in(metadata_of(HeadCard("r", "mel", "160", 1.0, {**digests, "consent": "c" * 64})))
    assert found is not None and found.consent == "c" * 64


def test_only_the_operators_setting_leaves_a_film_unmarked(monkeypatch):
    card = HeadCard("r", "mel", "160", 1.0, {"model": "a" * 64, "checkpoint": "b" * 64})
    for value, marked in (("false", True), ("true", False), ("", True)):
        monkeypatch.setenv("VISEMILL_UNMARKED_FILMS", value)
        assert are_marked() is marked and bool(metadata_of(card)) is marked
    flags = {field.name for one in (InferOptions, HeadConfig) for field in dataclasses.fields(one)}
    assert not [name for name in flags if "mark" in name and name != "visible_mark"]
