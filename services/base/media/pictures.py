"""A folder of numbered pictures in place of a video: which pictures there are and what is wrong with them. Pure.

Such a clip's name ends in `/`. Its bytes are those of its pictures, one behind the other as their numbers count.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from array import array
from collections.abc import Iterable
from typing import NamedTuple

PICTURES_HZ = 25.0
"""Pictures a second, since a folder does not say: those of European television, in which such data sets are filmed."""

MAX_NUM_PICTURES = 10_000
MAX_BYTES = 128 << 20
_KINDS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".bmp": "bmp"}
_READ = ("jpeg", "png")
_NUMBERED = re.compile(r"(?s)(.*?)(?<![0-9])([0-9]{1,9})")
_DIGEST_BITS = 128
_MAX_GAPS_SHOWN = 5


class Fault(NamedTuple):
    """Why a folder of pictures is no clip. reason: UPPER_CASE; message: what is wrong, and the remedy."""

    reason: str
    message: str


def is_picture_folder(name: str) -> bool:
    """Whether a clip's media is a folder of pictures, by its name in a data set."""
    return name.endswith("/")


def picture_kind(name: str) -> str:
    """jpeg, png or bmp by a file's ending; empty for what is no picture, and for hidden files."""
    if name.startswith("."):
        return ""
    return _KINDS.get(name[name.rfind(".") :].lower(), "") if "." in name else ""


def in_order(names: Iterable[str]) -> list[str]:
    """Names of numbered pictures as their numbers count: 2.jpg before 10.jpg."""
    return sorted(names, key=lambda name: (_number_of(name)[1], name))


class PictureFolder:
    """The pictures of one folder, as a listing gives them, in any order; a few hundred bytes whatever their names.

    kind: jpeg, png or bmp, of the one added first. size_bytes: of all together. first: the name of lowest number.
    """

    __slots__ = ("_digest", "_fault", "_lowest", "_numbers", "_shape", "first", "kind", "size_bytes")

    def __init__(self) -> None:
        self.kind = self.first = ""
        self.size_bytes = self._lowest = 0
        self._numbers = array("q")
        self._shape: str | None = None
        self._digest = 0
        self._fault: Fault | None = None

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, name: str, size_bytes: int, version: str, kind: str = "file") -> None:
        """One picture. name: in the folder. size_bytes, version, kind: as listed (see `Entry`)."""
        line = f"{name}\0{size_bytes}\0{version}".encode(errors="surrogateescape")
        self._digest += int.from_bytes(hashlib.sha256(line).digest()[: _DIGEST_BITS // 8], "big")
        self.size_bytes += size_bytes
        shape, number = _number_of(name)
        self._numbers.append(number)
        if not self.first or (number, name) < (self._lowest, self.first):
            self._lowest, self.first = number, name
        if self._fault is None:
            self._fault = self._fault_of(name, size_bytes, kind, shape, number)
        self.kind = self.kind or picture_kind(name)
        if self._shape is None:
            self._shape = shape

    @property
    def version(self) -> str:
        """Changes when a picture comes, goes, or is rewritten; the same in whatever order they were added."""
        return f"pictures-{self._digest % (1 << _DIGEST_BITS):032x}"

    def fault(self) -> Fault | None:
        """What keeps these pictures from being a clip; None where nothing does."""
        if self._fault is not None:
            return self._fault
        if len(self) > MAX_NUM_PICTURES or self.size_bytes > MAX_BYTES:
            return Fault(
                "TOO_MANY_PICTURES",
                f"{len(self)} pictures of {self.size_bytes} bytes, over the limit of {MAX_NUM_PICTURES} pictures or "
                f"{MAX_BYTES} bytes: make a video of them, or cut the clip",
            )
        return _fault_of_numbers(sorted(self._numbers))

    def _fault_of(self, name: str, size_bytes: int, kind: str, shape: str, number: int) -> Fault | None:
        found = picture_kind(name)
        if kind == "outside":
            return Fault("LEAVES_ROOT", f"{name} is a link that leaves the input root: copy it, or give --follow-links")
        if kind != "file":
            return Fault("NOT_A_FILE", f"{name} is no file: delete it, or put the picture in its place")
        if found not in _READ:
            return Fault("PICTURES_NOT_READ", f"{name} is a {found or 'file'}, and only JPEG and PNG are read")
        if number < 0:
            return Fault("PICTURES_MIXED", f"{name} has no number before its ending: rename it, or move it elsewhere")
        if self.kind and found != self.kind:
            return Fault("PICTURES_MIXED", f"{name} is a {found} among pictures of kind {self.kind}: keep one kind")
        if self._shape is not None and shape != self._shape:
            return Fault(
                "PICTURES_MIXED",
                f"{name} is named otherwise than {self._shape}N: keep the pictures of one clip in a folder",
            )
        if size_bytes == 0:
            return Fault("EMPTY_FILE", f"the picture {name} holds 0 bytes: fetch it again")
        return None


def _number_of(name: str) -> tuple[str, int]:
    """(what stands before a picture's number, the number); the number is -1 where there is none."""
    found = _NUMBERED.fullmatch(name[: name.rfind(".")])
    return (found[1], int(found[2])) if found else ("", -1)


def _fault_of_numbers(numbers: list[int]) -> Fault | None:
    """numbers: sorted."""
    if not numbers:
        return Fault("PICTURES_MISSING", "there is no picture in it")
    gaps = [(1, numbers[0] - 1)] if numbers[0] > 1 else []
    for before, after in itertools.pairwise(numbers):
        if before == after:
            return Fault("PICTURES_MIXED", f"two pictures have the number {after}: delete one of them")
        if after > before + 1:
            gaps.append((before + 1, after - 1))
    if not gaps:
        return None
    num_missing = sum(last - first + 1 for first, last in gaps)
    shown = ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in gaps[:_MAX_GAPS_SHOWN])
    more = f" and {len(gaps) - _MAX_GAPS_SHOWN} more gaps" if len(gaps) > _MAX_GAPS_SHOWN else ""
    return Fault(
        "PICTURES_MISSING",
        f"{num_missing} pictures are missing, of numbers {shown}{more}, while {numbers[0]} to {numbers[-1]} are there: "
        "what follows would not be at the time of its words; extract the pictures again",
    )
