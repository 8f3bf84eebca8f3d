"""I/O: files of a data set, read side by side before a run. What cannot be read is a finding about one clip."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple, TypeVar

from orchestrator.console.progress import Progress
from services.base.errors import BadInput, VisemillError
from services.base.run.manifest import ClipRow
from services.base.store.interface import ReadableStore
from services.base.store.picture_folders import media_of

_T = TypeVar("_T")
_NUM_READERS = 16
_BATCH = 1024
# Of one file; any other error of these classes is of the whole store, and ends the plan.
_OF_ONE_FILE = frozenset({"NOT_READABLE", "ACCESS_DENIED", "STORE_FAILED"})


class Unread(NamedTuple):
    """A clip one of whose files cannot be read. path: of its media."""

    path: str
    reason: str
    message: str


def reading(row: ClipRow, call: Callable[[ClipRow], _T]) -> _T | Unread:
    """What the call returns, or why a file of the clip cannot be read: it is gone, no file, forbidden, on a bad disk.

    Raises what is wrong with more than this clip, such as credentials or a store that does not answer.
    """
    try:
        return call(row)
    except VisemillError as error:
        if not isinstance(error, BadInput) and error.reason not in _OF_ONE_FILE:
            raise
        detail = f" ({error.detail})" if error.detail else ""
        return Unread(row.media, error.reason, f"{error.message}{detail}")
    except OSError as error:
        message = f"it cannot be read ({error.strerror or error}): check its permissions and the disk"
        return Unread(row.media, "NOT_READABLE", message)


def of_all(rows: Iterable[ClipRow], call: Callable[[ClipRow], _T]) -> Iterator[_T | Unread]:
    """`reading` of every row, in order; a bounded number of rows is under way. Raises as it does."""
    remaining = iter(rows)
    with ThreadPoolExecutor(_NUM_READERS) as pool:
        while batch := list(itertools.islice(remaining, _BATCH)):
            yield from pool.map(lambda row: reading(row, call), batch)


def read_all(rows: Sequence[ClipRow], call: Callable[[ClipRow], _T], doing: str) -> tuple[list[_T], dict[str, Unread]]:
    """What the call makes of each clip that can be read, nothing left out, and by path those that cannot; progress is
    shown on standard error. doing: what is being done, for the progress. Raises as `reading` does.
    """
    return with_progress(of_all(rows, call), len(rows), doing)


def with_progress(answers: Iterable[_T | Unread], total: int, doing: str) -> tuple[list[_T], dict[str, Unread]]:
    """As `read_all`, of answers that come in as they are made."""
    found: list[_T] = []
    unread: dict[str, Unread] = {}
    with closing(Progress(total, 0)) as progress, progress.ticking(doing):
        for answer in answers:
            if isinstance(answer, Unread):
                unread[answer.path] = answer
            elif answer:
                found.append(answer)
            progress.clip(ok=not isinstance(answer, Unread))
    return found, unread


def media_sha256(inputs: ReadableStore, name: str) -> str:
    """sha256 (hex) of an input, read in pieces where it lies on a disk. Raises VisemillError, OSError."""
    return media_of(inputs, name).sha256
