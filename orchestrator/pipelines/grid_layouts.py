"""How copies of GRID are laid out on disk: each layout a small value, in one table. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_PLACE = "{folder}"


@dataclass(frozen=True)
class Layout:
    """Where the media and the aligns of a copy are, told by folders (paths below the root).

    media_folder: regular expression of the folders that hold media; its group `speaker` is the speaker's id.
    align_folder: where the aligns of such a folder are; `{folder}` stands for the media folder's path.
    looks_like: for messages.
    """

    name: str
    media_folder: str
    align_folder: str
    looks_like: str
    media_suffix: str = ".mpg"
    align_suffix: str = ".align"

    def __post_init__(self) -> None:
        if "speaker" not in re.compile(self.media_folder).groupindex:
            raise ValueError(f"the expression of layout {self.name!r} needs a group named speaker: {self.media_folder}")

    def speaker_of(self, folder: str) -> str | None:
        """The speaker (NFC) whose media are in that folder; None when it is no media folder."""
        match = re.fullmatch(self.media_folder, folder)
        return unicodedata.normalize("NFC", match["speaker"]) if match else None

    def align_folder_of(self, media_folder: str) -> str:
        return self.align_folder.replace(_PLACE, media_folder)

    def media_folder_of(self, align_folder: str) -> str | None:
        """The media folder whose aligns would be in that folder; None when it is no align folder, or of many."""
        before, place, after = self.align_folder.partition(_PLACE)
        inside = align_folder.removeprefix(before).removesuffix(after)
        if place and self.speaker_of(inside) is not None and self.align_folder_of(inside) == align_folder:
            return inside
        return None


# The speaker of `s1_processed` is the text before the first `_`, so that `other_speaker_processed` is `other`.
PROCESSED = Layout(
    "processed",
    r"(?P<speaker>[^/_]+)(?:_[^/]*)?_processed",
    "{folder}/align",
    "s1_processed/ID.mpg with s1_processed/align/ID.align",
)
ALIGNMENTS = Layout(
    "alignments",
    r"(?!alignments$)(?P<speaker>[^/]+)",
    "alignments/{folder}",
    "s1/ID.mpg with alignments/s1/ID.align",
)

LAYOUTS: tuple[Layout, ...] = (PROCESSED, ALIGNMENTS)
