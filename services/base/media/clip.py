"""A clip and its encoded media. Frozen, and valid once they exist."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.base.media.pictures import is_picture_folder

# Readers hold ids in int64.
MAX_ID = (1 << 63) - 1


@dataclass(frozen=True)
class ClipAttributes:
    """What a data set says about a clip, beside its media; empty or None where it says nothing.

    text: what is spoken. language: as the data set writes it, such as `am`. duration_s: as stated, not as measured.
    gloss, category: ids of what is shown and of its category, from 0. media_named: the media's path as a manifest names
    it.
    """

    text: str = ""
    language: str = ""
    duration_s: float | None = None
    gloss: int | None = None
    category: int | None = None
    media_named: str = ""

    def __post_init__(self) -> None:
        if self.duration_s is not None and not 0 <= self.duration_s < math.inf:
            raise ValueError(f"a clip's duration_s must be 0 or more and finite, not {self.duration_s}")
        for name in ("gloss", "category"):
            number = getattr(self, name)
            if number is not None and not 0 <= number <= MAX_ID:
                raise ValueError(f"a clip's {name} must be from 0 to {MAX_ID}, not {number}")


NO_ATTRIBUTES = ClipAttributes()


@dataclass(frozen=True)
class Clip:
    """One sample of a data set.

    key: unique in the data set, `speaker/stem` or the path below the root; what shards and reports go by.
    utterance_id, speaker_id: what the field's tools expect inside a record; the utterance id need not be unique.
    media: path of the media below the input roots, `/`-separated, or its absolute path or URI; of a folder of pictures
    it ends in `/`. extras: other inputs by role, e.g. {"align": path}.
    """

    key: str
    utterance_id: str
    speaker_id: str
    media: str
    split: str = "train"
    extras: Mapping[str, str] = field(default_factory=dict)
    attributes: ClipAttributes = NO_ATTRIBUTES

    def __post_init__(self) -> None:
        for name in ("key", "utterance_id", "media", "split"):
            if not getattr(self, name):
                raise ValueError(f"a clip's {name} must not be empty: {self!r}")


@dataclass(frozen=True)
class Media:
    """Encoded media as read: in memory, or a local file when it is large. Exactly one of data and path is set.

    sha256: hex digest of the encoded bytes. name: for messages; one that ends in `/` is a folder of pictures, whose
    bytes follow one another (see `pictures`).
    """

    name: str
    sha256: str
    size_bytes: int
    data: bytes | None = None
    path: Path | None = None

    def __post_init__(self) -> None:
        if (self.data is None) == (self.path is None):
            raise ValueError(f"media {self.name!r} needs exactly one of data and path")

    @property
    def is_pictures(self) -> bool:
        """Whether the bytes are those of pictures, one behind the other."""
        return is_picture_folder(self.name)

    @classmethod
    def of_bytes(cls, name: str, data: bytes) -> Media:
        return cls(name, hashlib.sha256(data).hexdigest(), len(data), data=data)

    @classmethod
    def of_file(cls, path: Path, name: str = "") -> Media:
        """Hashes the file by reading it once, in pieces. Raises OSError."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size_bytes = file.tell()
        return cls(name or path.name, digest, size_bytes, path=path)
