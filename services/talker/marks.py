"""I/O: what a film says of itself: that it was painted, by which head, and when."""

from __future__ import annotations

import importlib.metadata
import time

from services.formats.talker.head import HeadCard
from services.formats.talker.mark import TOOL, Mark
from services.formats.talker.mark import metadata_of as of_mark


def new_mark(card: HeadCard, consent: str = "") -> Mark:
    """Of a film that is made now. consent: digest of the statements; empty: those that the card names."""
    made_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    version = importlib.metadata.version(TOOL)
    return Mark(version, card.digests["checkpoint"], consent or card.digests.get("consent", ""), made_at)


def metadata_of(card: HeadCard, consent: str = "") -> dict[str, str]:
    """Of the container, before its first packet."""
    return of_mark(new_mark(card, consent))
