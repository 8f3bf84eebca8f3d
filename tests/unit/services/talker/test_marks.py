"""A film says that it was painted, and by what."""

from services.formats.talker.head import HeadCard
from services.formats.talker.mark import mark_in
from services.talker.marks import metadata_of


def test_the_network_and_the_consent_are_named():
    digests = {"model": "a" * 64, "checkpoint": "b" * 64}
    found = mark_in(metadata_of(HeadCard("r", "mel", "160", 1.0, digests)))
    assert found is not None and (found.head, found.consent) == ("b" * 64, "")
    found = mark_in(metadata_of(HeadCard("r", "mel", "160", 1.0, {**digests, "consent": "c" * 64})))
    assert found is not None and found.consent == "c" * 64
