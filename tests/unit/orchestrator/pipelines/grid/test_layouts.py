import unicodedata

import pytest

from orchestrator.pipelines.grid.layouts import ALIGNMENTS, LAYOUTS, PROCESSED, Layout


@pytest.mark.parametrize(
    ("folder", "speaker"),
    [
        ("s1_processed", "s1"),
        ("other_processed", "other"),
        ("a_b_processed", "a"),
        ("_processed", None),
        ("s1", None),
        ("s1_processed/align", None),
        ("x/s1_processed", None),
    ],
)
def test_processed_takes_the_text_before_the_first_underscore(folder: str, speaker: str | None) -> None:
    assert PROCESSED.speaker_of(folder) == speaker


@pytest.mark.parametrize(
    ("folder", "speaker"), [("s1", "s1"), ("alignments", None), ("alignments2", "alignments2"), ("alignments/s1", None)]
)
def test_alignments_takes_any_folder_but_the_one_with_the_aligns(folder: str, speaker: str | None) -> None:
    assert ALIGNMENTS.speaker_of(folder) == speaker


def test_a_speakers_name_is_composed() -> None:
    name = unicodedata.normalize("NFD", "jörg")
    assert PROCESSED.speaker_of(f"{name}_processed") == "jörg"


@pytest.mark.parametrize(("layout", "media"), [(PROCESSED, "s1_processed"), (ALIGNMENTS, "s1")])
def test_media_and_align_folders_name_each_other(layout: Layout, media: str) -> None:
    assert layout.media_folder_of(layout.align_folder_of(media)) == media
    assert layout.media_folder_of("elsewhere/align") is None


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.media_place], ids=lambda layout: layout.name)
def test_a_layout_by_speaker_names_both_folders_below_any_other(layout: Layout) -> None:
    for below in ("", "data/GRID/"):
        there = layout.under(below)
        media = below + layout.media_place.replace("{speaker}", "s1")
        assert there.speaker_of(media) == "s1"
        assert there.media_folder_of(there.align_folder_of(media)) == media


def test_names_of_layouts_differ() -> None:
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)


def test_a_layout_without_a_speaker_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="named speaker"):
        Layout("x", r"[^/]+", "align", "")
