"""I/O: what a film says of itself: that it was painted, by which head, and when."""

from __future__ import annotations

import importlib.metadata
import time

from services.base.process.settings import settings
from services.formats.talker.head import HeadCard
from services.formats.talker.mark import TOOL, Mark
from services.formats.talker.mark import metadata_of as of_mark


def new_mark(card: HeadCard, consent: str = "") -> Mark:
    """Of a film that is made now. consent: digest of the statements; empty: those that the card names."""
    made_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    version = importlib.metadata.version(TOOL)
    return Mark(version, card.digests["checkpoint"], consent or card.digests.get("consent", ""), made_at)


def metadata_of(card: HeadCard, consent: str = "") -> dict[str, str]:
    """Of the container, before its first packet; empty where the operator of this process has films unmarked. Raises
    BadConfig.
    """
    return of_mark(new_mark(card, consent)) if are_marked() else {}


def are_marked() -> bool:
    """Whether films say of themselves that they were painted: whoever runs the program decides, no caller of it.

    Raises BadConfig.
    """
    return not settings().unmarked_films
