"""PURE: how the files of a clip are called: as its id, unless that is too long or cannot be told from another one's.

File systems that fold case or normalise Unicode would put two such clips into one file.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

import numpy as np

from orchestrator.pipelines.text_column import TextColumn

MOST_BYTES = 200
"""Of an id that is a file's name as it stands; file systems take 255 with the ending."""

_NUM_DIGITS = 16
_DASH = "-"
# A folder of this name may be the file of another id.
_FOLDER_LIKE_A_FILE = re.compile(r"\.npy/", re.IGNORECASE)


def stems_of(ids: TextColumn) -> TextColumn:
    """The stem of each id's files, in order; ids differ, and so do the stems, folded too.

    An id of over MOST_BYTES bytes, or with a folder that could be a file of another id, becomes the end of it and 16
    digits of its sha256; one that folds to the same as another has these digits behind it.
    """
    stems = TextColumn(with_digits(one) if _is_unfit(one) else one for one in ids)
    alike = _alike(stems)
    # What the digits make may be another id, which then has digits of its own.
    while alike:
        chosen = set(alike)
        stems = TextColumn(with_digits(ids[i]) if i in chosen else stem for i, stem in enumerate(stems))
        again = _alike(stems)
        if again == alike:
            raise ValueError(f"{ids[again[0]]!r} cannot be told from another id: rename it")
        alike = sorted({*again} - chosen)
    return stems


def with_digits(key: str) -> str:
    """A stem that only this id has."""
    digits = hashlib.sha256(key.encode()).hexdigest()[:_NUM_DIGITS]
    if not _is_unfit(key):
        return f"{key}{_DASH}{digits}"
    kept = _cut(key.rpartition("/")[2], MOST_BYTES - _NUM_DIGITS - len(_DASH))
    return f"{kept}{_DASH}{digits}"


def _is_unfit(key: str) -> bool:
    return len(key.encode()) > MOST_BYTES or _FOLDER_LIKE_A_FILE.search(key) is not None


def _cut(text: str, most_bytes: int) -> str:
    """The beginning of a text, whole characters."""
    return text.encode()[:most_bytes].decode(errors="ignore")


def _alike(stems: TextColumn) -> list[int]:
    """Indices of those that fold to the same as another, rising."""
    if not len(stems):
        return []
    codes_N = TextColumn(_folded(stems)).to_arrow().dictionary_encode().indices.to_numpy()
    counts = np.bincount(codes_N)
    return np.flatnonzero(counts[codes_N] > 1).tolist()


def _folded(stems: Iterable[str]) -> Iterable[str]:
    for stem in stems:
        # NFKC too: ligatures and widths are one name to some file systems.
        yield stem.lower() if stem.isascii() else _fully_folded(stem)


def _fully_folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
