import pytest

from services.base.errors import BadInput
from services.records.judging import judged

SERIOUS = ("GREY_FRAMES", "STEM_MISMATCH")
WORDS = {"GREY_FRAMES": "frames are grey", "STEM_MISMATCH": "another sentence", "FACE_LOST": "", "SHORT_CLIP": ""}


def test_keep_reports_nothing_and_flag_everything() -> None:
    assert judged(("GREY_FRAMES", "SHORT_CLIP"), "keep", SERIOUS, WORDS) == ()
    assert judged(("GREY_FRAMES", "SHORT_CLIP"), "flag", SERIOUS, WORDS) == ("GREY_FRAMES", "SHORT_CLIP")


def test_quarantine_takes_clips_with_a_serious_flag_only() -> None:
    assert judged(("FACE_LOST", "SHORT_CLIP"), "quarantine", SERIOUS, WORDS) == ("FACE_LOST", "SHORT_CLIP")
    with pytest.raises(BadInput, match="frames are grey") as caught:
        judged(("FACE_LOST", "GREY_FRAMES", "STEM_MISMATCH"), "quarantine", SERIOUS, WORDS)
    assert caught.value.reason == "GREY_FRAMES"
