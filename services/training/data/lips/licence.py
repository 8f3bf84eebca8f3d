"""I/O: that the licence of Chinese-LiPS is accepted, which is asked once a data set, and kept with its date."""

from __future__ import annotations

import json
import os
import time

from services.base.errors import BadConfig
from services.base.run.paths import STATE_DIR
from services.base.store.by_digest import is_uri
from services.base.store.interface import NotThere, ReadableStore, Store
from services.formats.lips_clips import CLIPS_FILE, META_FILE

NOTE_FILE = "DATA_LICENCE.txt"
NOTE = (
    "Made from Chinese-LiPS (Zhao et al., Chinese-LiPS: A Chinese audio-visual speech recognition dataset with\n"
    "Lip-reading and Presentation Slides, arXiv:2504.15066), whose licence is CC BY-NC-SA 4.0: for academic and\n"
    "educational use only, no commercial use, no redistribution of original or derived data.\n"
)
MADE_HERE = "demo-corpus.json"
"""A root with this file was drawn by `visemill demo-corpus`, and is nobody's property."""

_ACCEPTED = "licence.json"
ATTESTED_FILE = f"{STATE_DIR}/{_ACCEPTED}"
"""Of a data set: that somebody has accepted its licence, by a download or a training."""

_TERMS = "CC BY-NC-SA 4.0; academic use only; no redistribution of original or derived data"


def is_licensed(data: ReadableStore) -> bool:
    """Whether it is to be taken for the licensed data set: unless it was drawn here, or made of what was."""
    return data.stat(MADE_HERE) is None and not (data.stat(CLIPS_FILE) and says_unlicensed(data.read(META_FILE)))


def says_unlicensed(meta: bytes) -> bool:
    """Whether meta.json of `visemill run lips` says that the licence does not hold for what it made."""
    try:
        return json.loads(meta).get("is_licensed") is False
    except (ValueError, AttributeError):
        return False


def says_attested(meta: bytes) -> bool:
    """Whether meta.json of `visemill run lips`, which asks for the licence, says that its terms hold."""
    try:
        return json.loads(meta).get("is_licensed") is True
    except (ValueError, AttributeError):
        return False


def require_licence(data: Store, state: Store, *, accepted: bool) -> None:
    """accepted: said now; then it is kept in the state, and beside the data where these are a folder to write to.

    Raises BadConfig LICENCE_NOT_ATTESTED.
    """
    if not is_licensed(data) or _is_attested(data):
        return
    require_attested(data.uri, state, accepted=accepted)
    if accepted and not is_uri(data.uri) and os.access(data.uri, os.W_OK):
        data.create(ATTESTED_FILE, state.read(_ACCEPTED))


def _is_attested(data: ReadableStore) -> bool:
    if data.stat(ATTESTED_FILE) is not None:
        return True
    return data.stat(CLIPS_FILE) is not None and says_attested(data.read(META_FILE))


def require_attested(root: str, state: Store, *, accepted: bool) -> None:
    """The same of what is Chinese-LiPS for certain. root: what it is called in a message."""
    try:
        state.read(_ACCEPTED)
        return
    except NotThere:
        pass
    if not accepted:
        raise not_attested(root)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    state.create(_ACCEPTED, json.dumps({"data_set": "Chinese-LiPS", "terms": _TERMS, "accepted_at": at}).encode())


def not_attested(root: str) -> BadConfig:
    """The refusal of a root whose licence nobody has accepted."""
    return BadConfig(
        "LICENCE_NOT_ATTESTED",
        f"{root} is taken for Chinese-LiPS, whose terms are {_TERMS} (arXiv:2504.15066): if you have accepted them, "
        "say so once by --accept-licence",
    )
