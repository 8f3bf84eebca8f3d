"""Whose turn it is: the first clip's wherever it can go on; and what the second says is kept, in order."""

import threading
import time
from concurrent.futures import Future

import pytest

from services.base.errors import BadInput
from services.base.media.video import DecodeFacts
from services.base.sandbox.interleaving import ClipInProgress, next_runnable
from services.base.stage.clip_pass import DonePart, FactsPart, Pause
from services.base.stage.product import FilePart, PiecePart, ProductPart

FACTS, DONE = FactsPart(DecodeFacts(1)), DonePart({})


def answered():
    answer = Future()
    answer.set_result(None)
    return answer


def standing(where):
    """A clip that goes on, waits, has its answer, or has ended."""
    if where is None:
        return None
    pauses = {"waits": Pause("far", Future()), "answered": Pause("far", answered())}
    clip = ClipInProgress(where, (step for step in [pauses.get(where, Pause())]))
    clip.step()
    if where == "ended":
        clip.step()
    return clip


@pytest.mark.parametrize(
    ("first", "second", "turn"),
    [
        ("goes-on", None, "first"),
        ("goes-on", "goes-on", "first"),
        ("goes-on", "waits", "first"),
        ("goes-on", "answered", "first"),
        ("goes-on", "ended", "first"),
        ("answered", "goes-on", "first"),
        ("answered", "waits", "first"),
        ("answered", None, "first"),
        ("waits", "goes-on", "second"),
        ("waits", "answered", "second"),
    ],
)
def test_the_first_goes_wherever_it_can_and_the_second_only_where_it_cannot(first, second, turn):
    clips = {"first": standing(first), "second": standing(second)}
    assert next_runnable(clips["first"], clips["second"]) is clips[turn]


@pytest.mark.parametrize(
    ("second", "answers", "turn"), [(None, 0, 0), ("waits", 0, 0), ("waits", 1, 1), ("ended", 0, 0)]
)
def test_where_both_wait_the_first_answer_decides(second, answers, turn):
    clips = [standing("waits"), standing(second)]
    threading.Timer(0.05, clips[answers].pause.answer.set_result, [None]).start()
    assert next_runnable(*clips) is clips[turn]


@pytest.mark.parametrize(
    ("where", "expected"), [("goes-on", True), ("answered", True), ("waits", False), ("ended", False)]
)
def test_who_would_compute_if_let(where, expected):
    assert standing(where).can_go_on is expected


def test_what_a_clip_says_is_kept_in_order_and_given_once():
    clip = ClipInProgress("c", (part for part in [FACTS, Pause(), DONE]))
    clip.step()
    assert list(clip.drain()) == [FACTS]
    for _ in range(3):
        clip.step()
    assert clip.has_ended
    assert list(clip.drain()) == [DONE]
    assert list(clip.drain()) == []


def test_what_ends_a_clip_comes_up_after_what_it_said():
    def steps():
        yield FACTS
        raise BadInput("NO_FACE", "there is none")

    clip = ClipInProgress("c", steps())
    clip.step()
    clip.step()
    assert clip.has_ended
    drain = clip.drain()
    assert next(drain) == FACTS
    with pytest.raises(BadInput, match="NO_FACE"):
        next(drain)


def test_a_lack_of_memory_is_not_kept():
    def steps():
        raise MemoryError
        yield

    with pytest.raises(MemoryError):
        ClipInProgress("c", steps()).step()


def test_a_clip_that_is_dropped_closes_what_it_held():
    closed = []

    def steps():
        try:
            yield Pause()
        finally:
            closed.append(True)

    clip = ClipInProgress("c", steps())
    clip.step()
    clip.drop()
    assert closed


def test_only_what_it_computed_is_its_time():
    def steps():
        until_s = time.thread_time() + 0.1
        while time.thread_time() < until_s:
            pass
        yield Pause()
        time.sleep(0.3)

    clip = ClipInProgress("c", steps())
    clip.step()
    clip.step()
    assert 0.1 <= clip.spent_s < 0.25


def test_a_clip_that_nobody_asked_for_keeps_one_part_of_its_files_and_no_more():
    parts = [FACTS, ProductPart("tree"), FilePart("a", "x/y"), PiecePart(b"1"), PiecePart(b"2"), DONE]
    clip = ClipInProgress("second", iter(parts))
    while clip.can_go_on:
        clip.step()
    assert list(clip.drain()) == parts[:3]
    while clip.can_go_on:
        clip.step()
    assert list(clip.drain()) == parts[3:4]


def test_a_clip_that_may_not_go_on_is_not_asked_while_the_first_waits():
    second = ClipInProgress("second", iter([FilePart("a", "x/y"), DONE]))
    second.step()
    first = standing("waits")
    threading.Timer(0.05, first.pause.answer.set_result, [None]).start()
    assert next_runnable(first, second) is first
