"""A film says that it was painted, and by what."""

from services.formats.talker.head import HeadCard
from services.talker.marks import metadata_of


def test_the_network_and_the_consent_are_named():
    digests = {"model": "a" * 64, "checkpoint": "b" * 64}
    assert "model_sha256=" + "a" * 64 in metadata_of(HeadCard("r", "mel", "160", 1.0, digests))["comment"]
    told = metadata_of(HeadCard("r", "mel", "160", 1.0, {**digests, "consent": "c" * 64}))["comment"]
    assert told.startswith("synthetic") and "consent_sha256=" + "c" * 64 in told
