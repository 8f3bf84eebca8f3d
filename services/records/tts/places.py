"""The place of each of many texts, found by digests of 16 bytes. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

_BYTES = 16


class Places:
    """Texts in an order. Of one that comes again the first place counts. Add all before the first is looked for."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._added = bytearray()
        self._digest_N: np.ndarray | None = None
        self._place_N = np.zeros(0, np.int64)
        for text in texts:
            self.add(text)

    def __len__(self) -> int:
        return len(self._added) // _BYTES

    def add(self, text: str) -> None:
        self._added += _digest(text)

    def of(self, text: str) -> int | None:
        """None for one that was not added."""
        digest_N = self._sorted()
        wanted = np.frombuffer(_digest(text), f"S{_BYTES}")
        i = int(np.searchsorted(digest_N, wanted)[0])
        return int(self._place_N[i]) if i < len(digest_N) and digest_N[i] == wanted[0] else None

    @property
    def has_repeated(self) -> bool:
        """Whether a text was added twice."""
        digest_N = self._sorted()
        return bool((digest_N[1:] == digest_N[:-1]).any())

    def _sorted(self) -> np.ndarray:
        if self._digest_N is None or len(self._digest_N) != len(self):
            added = np.frombuffer(bytes(self._added), f"S{_BYTES}")
            self._place_N = np.argsort(added, kind="stable")
            self._digest_N = added[self._place_N]
        return self._digest_N


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=_BYTES).digest()
