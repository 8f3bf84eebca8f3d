"""The split of each clip of a run, however many: 17 bytes a clip. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

_DIGEST_BYTES = 16


class SplitsByKey:
    """Looked up by keys, of which 16 bytes of a digest are held."""

    def __init__(self, clips: Iterable[tuple[str, str]]) -> None:
        """clips: (key, split). Of a key that comes again the last split counts."""
        digests, numbers = bytearray(), bytearray()
        self._splits: dict[str, int] = {}
        for key, split in clips:
            digests += _digest(key)
            numbers.append(self._splits.setdefault(split, len(self._splits)))
        self._names = [*self._splits, ""]
        digest_N = np.frombuffer(digests, f"S{_DIGEST_BYTES}")
        order = np.argsort(digest_N, kind="stable")
        self._digest_N, self._number_N = digest_N[order], np.frombuffer(numbers, np.uint8)[order]

    @property
    def names(self) -> frozenset[str]:
        """Those that there are."""
        return frozenset(self._splits)

    def of(self, keys: Sequence[str]) -> list[str]:
        """The split of each key; empty for one that is not among the clips."""
        if not len(self._digest_N):
            return [""] * len(keys)
        wanted = np.frombuffer(b"".join(map(_digest, keys)), f"S{_DIGEST_BYTES}")
        place = np.searchsorted(self._digest_N, wanted, side="right") - 1
        known = (place >= 0) & (self._digest_N[place] == wanted)
        return [self._names[i] for i in np.where(known, self._number_N[place].astype(np.int64), -1).tolist()]


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=_DIGEST_BYTES).digest()
