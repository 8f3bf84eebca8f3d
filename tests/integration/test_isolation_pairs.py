"""Two clips in a child: the next is begun while one waits, and neither pays for the other."""

import itertools
import sys
import threading
import time
from pathlib import Path

import pytest
from products import made_in

from services.base.errors import BadInput, Transient, VisemillError
from services.base.media.clip import Clip, Media
from services.base.sandbox.supervisor import ArtifactPart, ClipLimits, DonePart, NextClip, PassChild
from services.base.stage.spec import ClipJob

PROGRAM = (sys.executable, str(Path(__file__).resolve().parents[1] / "fakes" / "faulty_services.py"))
STAGES = [("frames", {}), ("far", {})]
LIMITS = ClipLimits(time_s=2.5, memory_bytes=400 << 20)


def new_child(limits=LIMITS, **options) -> PassChild:
    child = PassChild(STAGES, limits, program=PROGRAM, **options)
    child.start()
    return child


@pytest.fixture
def child():
    made = new_child()
    yield made
    made.close()


def job(key: str, orders: str) -> ClipJob:
    return ClipJob(Clip(key, key, "", key), Media.of_bytes(key, orders.encode()))


def carried(child: PassChild, *orders: str, pairs: bool = True) -> list[object]:
    """What each clip gives, in order: its product or its error."""
    jobs = [job(f"clip{i}", text) for i, text in enumerate(orders)]
    found: list[object] = []
    for i, one in enumerate(jobs):
        then = NextClip(jobs[i + 1]) if pairs and i + 1 < len(jobs) else None
        try:
            parts = list(child.run(one, then=then))
        except VisemillError as error:
            found.append(error)
        else:
            assert isinstance(parts[-1], DonePart)
            found.append(made_in(parts))
    return found


def test_the_next_clip_is_begun_while_one_waits(child):
    assert child.begins_next
    products = carried(child, *["wait=0.3"] * 4)
    assert [p.payload for p in products] == [b"3"] * 4
    assert len({p.quality["pid"] for p in products}) == 1
    assert products[1].quality["began_s"] < products[0].quality["ended_s"]


def test_without_a_next_clip_one_is_begun_after_the_other(child):
    one, other = carried(child, "wait=0.1", "wait=0.1", pairs=False)
    assert one.quality["ended_s"] < other.quality["began_s"]


def test_waits_of_neighbours_pass_together(child):
    def num_overlaps(pairs: bool) -> int:
        seen = [product.quality for product in carried(child, *["wait=0.4"] * 4, pairs=pairs)]
        return sum(after["began_s"] < before["ended_s"] for before, after in itertools.pairwise(seen))

    # On a busy machine a clip may have waited enough before the next one reached the child.
    assert num_overlaps(True) > 0
    assert num_overlaps(False) == 0


def test_a_long_next_clip_costs_the_first_no_more_than_one_chunk(child):
    one, other = carried(child, "wait=0.2", "push=sleep")
    assert other.payload == b"3"
    assert sum(pushed_s < one.quality["ended_s"] for pushed_s in other.quality["pushed_s"]) <= 1


@pytest.mark.parametrize("where", ["push", "finish"])
@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("crash", "CLIP_CRASHED"),
        ("exit", "CLIP_CRASHED"),
        ("hang", "TIMEOUT"),
        ("eat", "OUT_OF_MEMORY"),
        ("memory-error", "OUT_OF_MEMORY"),
        ("bug", "INTERNAL_ERROR"),
        ("bad", "NO_FACE"),
    ],
)
def test_a_bad_clip_costs_itself_alone_as_the_second_and_as_the_first(child, where, order, reason):
    fine, bad, after, last = carried(child, "wait=0.2", f"{where}={order} wait=0.2", "wait=0.2", "wait=0.2")
    assert [p.payload for p in (fine, after, last)] == [b"3"] * 3
    assert isinstance(bad, VisemillError)
    assert bad.reason == reason
    if isinstance(bad, BadInput) and order != "bad":
        assert "clip1" in bad.message
        assert "again in a fresh process" in bad.message


def test_verdicts_are_those_of_clips_alone(child):
    orders = ["wait=0.1", "push=crash", "wait=0.1 finish=bad", "finish=bug", "wait=0.1", "finish=exit"]
    alone = carried(child, *orders, pairs=False)
    together = carried(child, *orders)
    for one, other in zip(alone, together, strict=True):
        if isinstance(one, VisemillError):
            assert (one.kind, one.reason, one.message) == (other.kind, other.reason, other.message)
        else:
            assert one.payload == other.payload


def test_what_two_take_together_is_no_clips_fault_and_there_are_no_more_pairs():
    child = new_child(ClipLimits(time_s=10.0, memory_bytes=320 << 20))
    try:
        # Each holds what fits alone, until its own end.
        found = carried(child, *["push=take wait=1.0 finish=let"] * 2, "wait=0.1")
        assert [p.payload for p in found] == [b"3"] * 3
        assert child.num_restarts == 1
        assert not child.begins_next
    finally:
        child.close()


PATIENT = ClipLimits(time_s=2.0, memory_bytes=400 << 20)


def test_what_a_clip_computed_before_it_was_watched_is_its_time():
    child = new_child(PATIENT)
    try:
        # Its three chunks are over the limit together, and not what of them is left when the first clip is done.
        one, other = carried(child, "wait=1.5", "push=compute")
        assert one.payload == b"3"
        assert (other.reason, other.kind) == ("TIMEOUT", "BAD_INPUT")
    finally:
        child.close()


def test_what_a_clip_waited_while_another_computed_is_not_its_time():
    child = new_child(PATIENT)
    try:
        found = carried(child, *["push=compute-a-little wait=1.6"] * 3)
        assert [p.payload for p in found] == [b"3"] * 3
        assert child.num_restarts == 0
    finally:
        child.close()


def test_an_answer_that_does_not_come_is_said_of_the_clip_that_waits(child):
    one, other = carried(child, "wait=60", "wait=0.1")
    assert isinstance(one, Transient)
    assert one.reason == "REMOTE_TIMEOUT"
    assert "far:1 has not answered" in one.message
    assert other.payload == b"3"


def test_another_clip_than_the_one_begun_drops_it(child):
    first, begun, asked = (job(key, "wait=0.2") for key in ("first", "begun", "asked"))
    list(child.run(first, then=NextClip(begun)))
    for one in (asked, begun):
        product = made_in(child.run(one))
        assert product.payload == b"3"
    assert child.num_restarts == 0


def test_a_clip_whose_parts_are_left_unread_leaves_the_next_one_begun():
    child = new_child(grace_s=5.0)
    try:
        first, begun = job("first", "wait=0.2"), job("begun", "wait=0.2")
        parts = child.run(first, then=NextClip(begun))
        next(parts)
        parts.close()
        product = made_in(child.run(begun))
        assert product.payload == b"3"
        assert child.num_restarts == 0
    finally:
        child.close()


def test_a_supervisor_that_is_asked_to_stop_waits_for_neither():
    asked = threading.Event()
    child = new_child(should_stop=asked.is_set)
    parts: list[object] = []
    try:
        threading.Timer(0.3, asked.set).start()
        with pytest.raises(Transient, match="STOPPED"):
            # Longer than a clip may take: had it been waited for, it would be a clip that timed out.
            parts.extend(child.run(job("first", "wait=30"), then=NextClip(job("next", "push=sleep"))))
        assert not any(isinstance(part, ArtifactPart) for part in parts)
        assert child.num_restarts == 0
    finally:
        child.close()


def test_the_next_clip_goes_on_while_the_supervisor_is_busy(child):
    first, second = job("first", ""), job("second", "push=sleep")
    list(child.run(first, then=NextClip(second)))
    time.sleep(1.8)
    asked_s = time.monotonic()
    product = made_in(child.run(second))
    assert product.quality["ended_s"] < asked_s


def test_a_child_that_goes_while_nobody_watches_costs_no_try(child, tmp_path):
    first, second = job("first", ""), job("second", f"push=once:exit:{tmp_path / 'marker'}")
    list(child.run(first, then=NextClip(second)))
    time.sleep(0.5)
    product = made_in(child.run(second))
    assert product.payload == b"3"
    assert child.num_restarts == 0


def test_large_clips_pass_in_both_directions(child):
    filler = " x=" + "y" * (3 << 20)
    found = carried(child, *[f"wait=0.1{filler}"] * 4)
    assert [p.payload for p in found] == [b"3"] * 4
