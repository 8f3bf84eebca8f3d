"""The folder of a demo corpus: claimed by a marker, its files written whole, those that are there left as they are."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from services.base.errors import BadConfig
from services.corpus.drawing.pool import DrawingPool

MARKER = "demo-corpus.json"

# Few enough that the last processes end together, and many enough that a speaker is not drawn for each.
_FILES_A_TASK = 16

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Written:
    """A file of the corpus. path: below its folder, `/`-separated.

    fault: what is wrong with the sample, "" if nothing is. reason: the code that a run is expected to give for it.
    """

    path: str
    size_bytes: int
    sha256: str
    fault: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Planned:
    """A file that is to be made. path, fault, reason: as of Written."""

    path: str
    make: Callable[[], bytes]
    fault: str = ""
    reason: str = ""


def write_files(
    directory: Path,
    planned: Sequence[Planned],
    asked: Mapping[str, Any],
    progress: Progress | None,
    num_workers: int = 1,
) -> list[Written]:
    """Write the files and list them, sorted by path. One that is there, as the marker has it, is not made again.

    asked: what decides the bytes beside this code. progress: called with (files done, files in all). num_workers:
    processes that make files. Raises BadConfig NOT_EMPTY, OTHER_CORPUS, CANNOT_WRITE.
    """
    asked = {**asked, "made_with": _made_with()}
    try:
        known = _claim(directory, asked)
        written = []
        for file in _written(directory, planned, known, num_workers):
            written.append(file)
            if progress:
                progress(len(written), len(planned))
        written.sort(key=lambda file: file.path)
        _publish(directory / MARKER, _marker(asked, {file.path: file.sha256 for file in written}))
    except OSError as error:
        what = f"the demo corpus cannot be written to {directory}: {error.strerror}; check the folder and its disk"
        raise BadConfig("CANNOT_WRITE", what, str(error)) from error
    return written


def _made_with() -> dict[str, str]:
    """What decides the bytes besides the arguments."""
    source = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        source.update(path.read_bytes())
    return {"source": source.hexdigest(), "av": av.__version__, "numpy": np.__version__, "opencv": cv2.__version__}


def _claim(directory: Path, asked: Mapping[str, Any]) -> dict[str, str]:
    """Make the folder ours, and list the digests of what a finished call left there."""
    marker = directory / MARKER
    directory.mkdir(parents=True, exist_ok=True)
    if not marker.is_file():
        if any(directory.iterdir()):
            raise BadConfig("NOT_EMPTY", f"{directory} holds other files; give a folder that is empty or not there yet")
        _publish(marker, _marker(asked, {}))
        return {}
    try:
        found = json.loads(marker.read_bytes())
        files: dict[str, str] = found["files"]
        held = {"kind": "grid", **found}
        differing = [name for name, value in {"kind": "grid", **asked}.items() if held.get(name) != value]
    except (ValueError, KeyError, TypeError) as error:
        raise BadConfig("OTHER_CORPUS", f"{marker} cannot be read; give an empty folder", str(error)) from error
    if differing:
        was = ", ".join(f"{name} {held.get(name)}" for name in differing)
        what = f"{directory} holds a demo corpus of another kind ({was}); give an empty folder, or delete this one"
        raise BadConfig("OTHER_CORPUS", what)
    return files


def _marker(asked: Mapping[str, Any], files: Mapping[str, str]) -> bytes:
    return (json.dumps({**asked, "files": files}, indent=1, sort_keys=True) + "\n").encode()


def _written(
    directory: Path, planned: Sequence[Planned], known: Mapping[str, str], num_workers: int
) -> Iterator[Written]:
    if num_workers == 1:
        for item in planned:
            yield _write(directory, item, known.get(item.path))
        return
    tasks = [planned[first : first + _FILES_A_TASK] for first in range(0, len(planned), _FILES_A_TASK)]
    with DrawingPool(num_workers) as pool:
        for files in pool.map(partial(_write_some, directory, known), tasks):
            yield from files


def _write_some(directory: Path, known: Mapping[str, str], planned: Sequence[Planned]) -> list[Written]:
    return [_write(directory, item, known.get(item.path)) for item in planned]


def _write(directory: Path, item: Planned, known_sha256: str | None) -> Written:
    path = directory / item.path
    data = path.read_bytes() if known_sha256 and path.is_file() else None
    if data is None or hashlib.sha256(data).hexdigest() != known_sha256:
        data = item.make()
        _publish(path, data)
    return Written(item.path, len(data), hashlib.sha256(data).hexdigest(), item.fault, item.reason)


def _publish(path: Path, data: bytes) -> None:
    """The whole file or none: written beside its name, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
