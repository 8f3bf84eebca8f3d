"""The card of a head says what it takes, and is read as it was written."""

import pytest

from services.base.errors import BadConfig
from services.formats.talker.head import HeadCard, card_file, card_of

DIGESTS = {"model": "a", "checkpoint": "b"}


def test_a_card_is_read_as_it_was_written():
    card = HeadCard("talker-unet", "hubert", "328", 0.5, DIGESTS, ("anna",), {"val_loss": 0.1})
    assert card_of(card_file(card)) == card


@pytest.mark.parametrize(
    "field", [{"asr": "deep"}, {"resolution": "512"}, {"width": 0}, {"digests": {"model": "a"}}, {"version": 2}]
)
def test_what_cannot_be_is_refused(field):
    fields = {"recipe": "r", "asr": "mel", "resolution": "160", "width": 1.0, "digests": DIGESTS}
    with pytest.raises(ValueError, match=next(iter(field))):
        HeadCard(**{**fields, **field})


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"recipe": 1}'])
def test_what_is_no_card_is_damaged(data):
    with pytest.raises(BadConfig) as found:
        card_of(data)
    assert found.value.reason == "BUNDLE_DAMAGED"
