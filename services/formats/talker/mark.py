"""PURE: the mark of a film that a talking head speaks in: that it was made, by what, and of whose head.

It stands in the film's own metadata, under keys that MP4 and WebM both keep and that every player shows: a sentence as
`comment`, and what a program reads as `description`. A C2PA manifest says the same under a signature.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""Of IPTC's digital source types: recorded pictures, parts of which a trained network has made."""
TOOL = "visemill"
MARK_ASSERTION = "com.visemill.mark"

_CREATED = "c2pa.created"
_FORM, _MOST_CHARACTERS = "visemill-mark", 4096
_DIGEST = re.compile(r"[0-9a-f]{64}|")
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,40}")


@dataclass(frozen=True)
class Mark:
    """version: of visemill. head: sha256 of the checkpoint, hex. consent: of the statements, as
    `services.formats.talker.consent.Consent.digest`; empty: none is known of. made_at: as 2026-11-29T18:00:00Z.

    Raises ValueError for what cannot be.
    """

    version: str
    head: str
    consent: str
    made_at: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.head) or not _DIGEST.fullmatch(self.consent):
            raise ValueError(f"head {self.head!r:.80} and consent {self.consent!r:.80} are sha256 in hex, or empty")
        if not _VERSION.fullmatch(self.version):
            raise ValueError(f"version {self.version!r:.80} is no version")
        datetime.datetime.strptime(self.made_at, "%Y-%m-%dT%H:%M:%SZ")


def metadata_of(mark: Mark) -> dict[str, str]:
    """What the film's container is given before its first packet."""
    return {
        "comment": f"synthetic speech video: the mouth was painted by a network, with {TOOL} {mark.version}",
        "description": json.dumps({"form": _FORM, "source_type": SOURCE_TYPE, **dataclasses.asdict(mark)}),
    }


def mark_in(metadata: Mapping[str, str]) -> Mark | None:
    """The inverse, of whatever a file says of itself; None where that is no mark of ours."""
    text = {name.lower(): value for name, value in metadata.items()}.get("description", "")
    try:
        plain = json.loads(text) if len(text) <= _MOST_CHARACTERS else None
        if not isinstance(plain, dict) or plain.get("form") != _FORM:
            return None
        return Mark(*(str(plain[field.name]) for field in dataclasses.fields(Mark)))
    except (ValueError, KeyError, RecursionError):
        return None


def tells_of_network(actions: Iterable[Mapping[str, str]]) -> bool:
    """Whether actions of a C2PA manifest say that a network has made parts of what was recorded."""
    return any(one.get("action") == _CREATED and one.get("digitalSourceType") == SOURCE_TYPE for one in actions)


def manifest_of(mark: Mark, title: str) -> dict[str, Any]:
    """A C2PA manifest's definition. title: name of the file."""
    agent = {"name": TOOL, "version": mark.version}
    created = {"action": _CREATED, "digitalSourceType": SOURCE_TYPE, "softwareAgent": agent}
    return {
        "claim_generator_info": [agent],
        "title": title,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [{**created, "when": mark.made_at}]}},
            {"label": MARK_ASSERTION, "data": dataclasses.asdict(mark)},
        ],
    }
