"""How copies of GRID are laid out on disk: each layout a small value, in one table. Pure."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from dataclasses import dataclass

_FOLDER, _SPEAKER = "{folder}", "{speaker}"


@dataclass(frozen=True)
class Layout:
    """Where the media and the aligns of a copy are, told by folders (paths below the root).

    media_folder: regular expression of the folders that hold media, each a file or a folder of pictures; its group
    `speaker` is the speaker's id.
    align_folder: where the aligns of such a folder are; `{folder}` stands for the media folder's path, `{speaker}` for
    the speaker as written there. Without either, all aligns lie in one folder. media_place: the media folder of
    `{speaker}`, for messages, where it does not follow from align_folder. looks_like: for messages.
    below: the folder, with `/` behind it, that all of this lies in; empty: the root itself.
    """

    name: str
    media_folder: str
    align_folder: str
    looks_like: str
    media_suffix: str = ".mpg"
    align_suffix: str = ".align"
    media_place: str = ""
    below: str = ""

    def __post_init__(self) -> None:
        if "speaker" not in re.compile(self.media_folder).groupindex:
            raise ValueError(f"the expression of layout {self.name!r} needs a group named speaker: {self.media_folder}")

    @property
    def shares_aligns(self) -> bool:
        """Whether all speakers' aligns lie in one folder, where one align may be that of several clips."""
        return _FOLDER not in self.align_folder and _SPEAKER not in self.align_folder

    def under(self, folder: str) -> Layout:
        """The same layout in a folder of the root. folder: with `/` behind it."""
        return dataclasses.replace(self, below=folder)

    def speaker_of(self, folder: str) -> str | None:
        """The speaker (NFC) whose media are in that folder; None when it is no media folder."""
        speaker = self._written(folder)
        return None if speaker is None else unicodedata.normalize("NFC", speaker)

    def _written(self, folder: str) -> str | None:
        if not folder.startswith(self.below):
            return None
        match = re.fullmatch(self.media_folder, folder[len(self.below) :])
        return match["speaker"] if match else None

    def align_folder_of(self, media_folder: str) -> str:
        inside = self.align_folder.replace(_FOLDER, media_folder[len(self.below) :])
        return self.below + inside.replace(_SPEAKER, self._written(media_folder) or "")

    def media_folder_of(self, align_folder: str) -> str | None:
        """The media folder whose aligns would be in that folder; None when it is no align folder, or of many."""
        place = _FOLDER if _FOLDER in self.align_folder else _SPEAKER
        before, found, after = self.align_folder.partition(place)
        if not found or not align_folder.startswith(self.below):
            return None
        inside = align_folder[len(self.below) :].removeprefix(before).removesuffix(after)
        media = inside if place == _FOLDER else self.media_place.replace(_SPEAKER, inside)
        if media and self.speaker_of(self.below + media) is not None:
            return self.below + media if self.align_folder_of(self.below + media) == align_folder else None
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

# A speaker's folder in the layouts below, which must not take other folders for one.
_OTHERS = "aligns?|alignments?|videos?|datasets?|train|val|test|GRID_align_txt"
_NAME = rf"(?P<speaker>(?!(?:{_OTHERS})(?:/|$))[^/]+(?<!_processed))"
_MPG_6000 = rf"{_NAME}/video/(?:mpg_6000|mpg_vcd)"
# VIPL's own copy has its pictures of lips below `lip`.
_VIPL = rf"(?:lip/)?{_MPG_6000}"
_MPG_6000_PLACE = "{speaker}/video/mpg_6000"


LAYOUTS: tuple[Layout, ...] = (
    PROCESSED,
    ALIGNMENTS,
    Layout("align", _NAME, "align/{speaker}", "s1/ID.mpg with align/s1/ID.align", media_place="{speaker}"),
    Layout("align-inside", _NAME, "{speaker}/align", "s1/ID.mpg with s1/align/ID.align", media_place="{speaker}"),
    Layout("align-flat", _NAME, "align", "s1/ID.mpg with align/ID.align"),
    Layout(
        "doubled",
        rf"{_NAME}/(?P=speaker)",
        "alignments/{speaker}",
        "s1/s1/ID.mpg with alignments/s1/ID.align",
        media_place="{speaker}/{speaker}",
    ),
    Layout(
        "alignments-align",
        _NAME,
        "alignments/{speaker}/align",
        "s1/ID.mpg with alignments/s1/align/ID.align",
        media_place="{speaker}",
    ),
    Layout(
        "doubled-align",
        rf"{_NAME}/(?P=speaker)",
        "{speaker}/align",
        "s1/s1/ID.mpg with s1/align/ID.align",
        media_place="{speaker}/{speaker}",
    ),
    Layout(
        "video",
        rf"videos?/{_NAME}",
        "align/{speaker}",
        "video/s1/ID.mpg with align/s1/ID.align",
        media_place="video/{speaker}",
    ),
    Layout(
        "video-alignments",
        rf"videos?/{_NAME}",
        "alignments/{speaker}",
        "video/s1/ID.mpg with alignments/s1/ID.align",
        media_place="video/{speaker}",
    ),
    Layout(
        "lipnet",
        rf"(?:videos?|train|val|test)/{_NAME}",
        "align",
        "video/s1/ID.mpg, or train/s1/ID.mpg and val/s2/ID.mpg, with align/ID.align",
    ),
    Layout(
        "video-inside",
        rf"{_NAME}/video",
        "{speaker}/align",
        "s1/video/ID.mpg with s1/align/ID.align",
        media_place="{speaker}/video",
    ),
    Layout(
        "mpg-6000",
        _MPG_6000,
        "{speaker}/align",
        "s1/video/mpg_6000/ID.mpg with s1/align/ID.align",
        media_place=_MPG_6000_PLACE,
    ),
    Layout(
        "mpg-6000-alignments",
        _MPG_6000,
        "alignments/{speaker}",
        "s1/video/mpg_6000/ID.mpg with alignments/s1/ID.align",
        media_place=_MPG_6000_PLACE,
    ),
    Layout(
        "vipl",
        _VIPL,
        "GRID_align_txt/{speaker}/align",
        "s1/video/mpg_6000/ID.mpg with GRID_align_txt/s1/align/ID.align",
        media_place=_MPG_6000_PLACE,
    ),
)
