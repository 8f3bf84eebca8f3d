"""Flags of any clip of a face."""

import pytest

from services.records.face_flags import FACE_FLAGS, SERIOUS_FACE_FLAGS, face_flags

FINE = {"num_frames_dark": 0, "num_frames_grey": 0}


@pytest.mark.parametrize(
    ("facts", "num_faces_lost", "raised"),
    [
        ({}, 0, set()),
        ({"decode": None, "face": None}, 0, set()),
        ({"num_frames_grey": 1, "num_frames_dark": 2}, 0, {"GREY_FRAMES", "DARK_FRAMES"}),
        ({"longest_loss_frames": 15}, 15, {"FACE_LOST"}),
        ({"longest_loss_frames": 16}, 16, {"FACE_LOST", "FACE_LOST_LONG"}),
        ({"face": {"num_turned": 3, "num_misplaced": 3}}, 0, set()),
        ({"face": {"num_turned": 4, "num_misplaced": 4}}, 0, {"FACE_TURNED", "FACE_MISPLACED"}),
        ({"face": {"is_doubtful": True, "num_jumps": 1}}, 0, {"FACE_DOUBTFUL", "FACE_JUMPED"}),
        ({"decode": {"num_corrupt": 1}}, 0, {"CORRUPT_FRAMES"}),
        ({"decode": {"ended_early": True}}, 0, {"CORRUPT_FRAMES"}),
        ({"decode": {"num_lost": 1, "num_restarts": 1}}, 0, {"FRAMES_LOST", "TIMES_RESTART"}),
    ],
)
def test_facts_raise_flags(facts: dict[str, object], num_faces_lost: int, raised: set[str]) -> None:
    found = face_flags({**FINE, **facts}, num_faces_lost)
    assert found.keys() == FACE_FLAGS.keys() > set(SERIOUS_FACE_FLAGS)
    assert {flag for flag, is_raised in found.items() if is_raised} == raised
