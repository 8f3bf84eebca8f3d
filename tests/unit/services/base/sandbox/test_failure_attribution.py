"""What a lost child is attributed to."""

import pytest

from services.base.sandbox.failure_attribution import attribute_failure, is_too_much_for_two
from services.base.sandbox.watchdog import ChildLost

ITS_OWN = ("CLIP_CRASHED", "TIMEOUT", "OUT_OF_MEMORY")
OTHERS = ("REMOTE_TIMEOUT", "MEMORY_RAN_OUT")
NOBODYS = ("DEADLINE_EXCEEDED", "STOPPED")


@pytest.mark.parametrize(
    ("reasons", "is_last", "held_two", "kind"),
    [
        (ITS_OWN, False, False, None),
        (ITS_OWN, False, True, None),
        (ITS_OWN, True, False, "BAD_INPUT"),
        (("INTERNAL_ERROR",), False, True, None),
        (("INTERNAL_ERROR",), True, False, "BUG"),
        (OTHERS, False, False, "TRANSIENT"),
        (OTHERS, False, True, None),
        (OTHERS, True, False, "TRANSIENT"),
        (OTHERS, True, True, "TRANSIENT"),
        (NOBODYS, False, False, "TRANSIENT"),
        (NOBODYS, False, True, "TRANSIENT"),
        (NOBODYS, True, False, "TRANSIENT"),
    ],
)
def test_a_loss_is_the_clips_fault_only_where_it_was_alone_and_no_try_is_left(reasons, is_last, held_two, kind):
    for reason in reasons:
        lost = ChildLost(reason, "it went")
        error = attribute_failure("s1/x", lost, "", num_tries=1, is_last=is_last, held_two=held_two)
        assert (error and error.kind) == kind
        assert error is None or error.reason == reason


def test_a_verdict_says_how_often_it_was_tried_and_what_was_said_last():
    lost = ChildLost("CLIP_CRASHED", "its process exited with 5")
    once, twice = (attribute_failure("s1/x", lost, "oh", num_tries=n, is_last=True, held_two=False) for n in (1, 2))
    assert (
        once.message
        == "s1/x: its process exited with 5; raise --clip-time-s and --clip-memory-mib if it is a good clip"
    )
    for reason, flag in (("TIMEOUT", "--clip-time-s"), ("OUT_OF_MEMORY", "--clip-memory-mib")):
        over = attribute_failure("s1/x", ChildLost(reason, "it went"), "", num_tries=1, is_last=True, held_two=False)
        assert over.message == f"s1/x: it went; raise {flag} if it is a good clip"
    assert twice.message.startswith("s1/x: its process exited with 5, and again in a fresh process;")
    assert twice.detail == "oh"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("OUT_OF_MEMORY", True), ("MEMORY_RAN_OUT", True), ("REMOTE_TIMEOUT", True), ("CLIP_CRASHED", False)],
)
def test_what_two_may_have_brought_about_together(reason, expected):
    assert is_too_much_for_two(reason) is expected
