"""I/O: what a film says of itself: that it was painted, by which head, and when."""

from __future__ import annotations

import importlib.metadata
import time

from services.formats.talker import mark
from services.formats.talker.head import HeadCard


def metadata_of(card: HeadCard) -> dict[str, str]:
    """Of the container, before its first packet."""
    made_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    version = importlib.metadata.version(mark.TOOL)
    return mark.metadata_of(mark.Mark(version, card.digests["checkpoint"], card.digests.get("consent", ""), made_at))
