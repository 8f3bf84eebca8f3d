"""I/O: whether the media of a pinned run are still as they were listed, however many there are."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from orchestrator.runs.commits.observe import observe, read_accepted_changes, read_clips, read_quarantine
from services.base.errors import BadConfig
from services.base.process.quantities import counted
from services.base.run.manifest import Manifest
from services.base.run.spec import NO_SHARD, RunSpec
from services.base.store.input_roots import open_inputs
from services.base.store.interface import ReadableStore, Store
from services.base.store.names import is_absolute
from services.base.store.picture_folders import stat_media, with_picture_folders

_DIGEST_BYTES = 16
_NUM_AT_ONCE = 8192

_File = tuple[str, int, str]
"""A name, and its size and version as they should be."""


def check_inputs(spec: RunSpec, state: Store) -> None:
    """Raises BadConfig INPUT_CHANGED when files of the frozen list are gone or changed.

    Clips in quarantine may change, and what a retry has taken in since counts instead of the list. Of each file of the
    listing 16 bytes are held.
    """
    inputs = open_inputs(spec.media_roots, must_exist=True, follow_links=spec.follow_links)
    # A picture is part of a clip that is a folder, or one of the files that a person's folder is of.
    entries = with_picture_folders(inputs.list(), keep_pictures=True)
    there = _Listing((entry.name, entry.size_bytes, entry.version) for entry in entries)
    lines = read_quarantine(state, spec, observe(state, spec.run).set_aside)
    may_change = {str(line["key"]) for line in lines if line["shard"] != NO_SHARD}
    fixed = read_accepted_changes(state, spec)
    files = _files(read_clips(state, spec), may_change, fixed)
    num_changed, first = 0, ""
    while batch := list(itertools.islice(files, _NUM_AT_ONCE)):
        for file, is_there in zip(batch, there.has(batch), strict=True):
            if not is_there and not (is_absolute(file[0]) and _is_as_listed(inputs, file)):
                num_changed, first = num_changed + 1, first or file[0]
    if num_changed:
        raise BadConfig(
            "INPUT_CHANGED",
            f"{counted(num_changed, 'input file')} changed or gone since the run was planned, the first {first}: "
            "restore them, or begin a new run in a new output root",
        )


def _files(clips: Manifest, may_change: set[str], fixed: Mapping[str, tuple[int, str]]) -> Iterator[_File]:
    """What must be there of every clip that may not change."""
    for key, name, size_bytes, version in clips.files():
        if key not in may_change:
            yield (name, *fixed.get(name, (size_bytes, version)))


def _is_as_listed(inputs: ReadableStore, file: _File) -> bool:
    """Of the first root alone all is listed: another may be a whole disk."""
    name, *facts = file
    entry = stat_media(inputs, name)
    return entry is not None and [entry.size_bytes, entry.version] == facts


class _Listing:
    """Which files there are, each with its size and version."""

    def __init__(self, files: Iterable[_File]) -> None:
        digests = bytearray()
        for file in files:
            digests += _digest(file)
        self._digest_N = np.sort(np.frombuffer(digests, f"S{_DIGEST_BYTES}"))

    def has(self, files: Iterable[_File]) -> list[bool]:
        """Of each, whether it is there as it should be."""
        wanted = np.frombuffer(b"".join(map(_digest, files)), f"S{_DIGEST_BYTES}")
        if not len(self._digest_N):
            return [False] * len(wanted)
        place = np.minimum(np.searchsorted(self._digest_N, wanted), len(self._digest_N) - 1)
        return [bool(same) for same in self._digest_N[place] == wanted]


def _digest(file: _File) -> bytes:
    name, size_bytes, version = file
    text = f"{name}\0{size_bytes}\0{version}"
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=_DIGEST_BYTES).digest()
