"""A clip that crashes, hangs or exhausts memory costs itself; the next clip goes through."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from products import made_in

from services.base.errors import BadConfig, BadInput, Transient, VisemillError
from services.base.media.clip import Clip, Media
from services.base.media.video import FrameChunk, VideoInfo
from services.base.process import log
from services.base.rpc.pool import ChildPool
from services.base.sandbox.supervisor import ChunkPart, ClipLimits, DonePart, InfoPart, PassChild
from services.base.stage.spec import ClipJob

PROGRAM = (sys.executable, str(Path(__file__).resolve().parents[1] / "fakes" / "faulty_services.py"))
LIMITS = ClipLimits(time_s=2.0, memory_bytes=400 << 20)
INFO = VideoInfo(4, 2, 0, 25.0, 2, 0.08, "", "")


@pytest.fixture
def child():
    made = PassChild([("frames", {}), ("obey", {})], LIMITS, program=PROGRAM)
    yield made
    made.close()


def job(order: str) -> ClipJob:
    return ClipJob(Clip("s1/x", "x", "s1", "x.mpg"), Media.of_bytes("x.mpg", order.encode()))


def product(child, order="fine", **options):
    return made_in(child.run(job(order), **options))


def test_parts_come_in_order_and_values_are_those_of_the_stage(child):
    parts = list(child.run(job("fine"), want={"frames"}))
    assert [type(p).__name__ for p in parts] == [
        "InfoPart",
        *["ChunkPart"] * 3,
        "FactsPart",
        "ProductPart",
        "FilePart",
        "PiecePart",
        "ArtifactPart",
        "DonePart",
    ]
    assert isinstance(parts[0], InfoPart) and parts[0].info.width_px == 4
    assert [int(p.chunk.frames_THWC[0, 0, 0, 0]) for p in parts if isinstance(p, ChunkPart)] == [0, 1, 2]
    assert made_in(parts).payload == b"72" and parts[-2].value.flags == ("FLAG",)
    assert isinstance(parts[-1], DonePart) and set(parts[-1].seconds) == {"frames", "obey"}


def test_one_child_serves_many_clips(child):
    assert product(child).quality["pid"] == product(child).quality["pid"]


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("crash", "CLIP_CRASHED"),
        ("exit", "CLIP_CRASHED"),
        ("hang", "TIMEOUT"),
        ("eat", "OUT_OF_MEMORY"),
        ("memory-error", "OUT_OF_MEMORY"),
    ],
)
def test_a_fatal_clip_is_tried_once_alone_then_its_own_fault(child, order, reason):
    with pytest.raises(BadInput) as failure:
        product(child, order)
    assert failure.value.reason == reason
    assert "s1/x" in failure.value.message
    assert child.num_restarts == 1
    assert product(child).payload == b"72"


@pytest.mark.parametrize("order", ["crash", "hang", "memory-error", "bug"])
def test_a_fault_that_does_not_come_again_is_no_fault(child, order, tmp_path):
    assert product(child, f"once:{order}:{tmp_path / 'marker'}").payload == b"72"
    assert child.num_restarts == 1


def test_a_bug_of_ours_is_said_to_be_one_with_its_traceback(child):
    with pytest.raises(VisemillError) as failure:
        product(child, "bug")
    assert failure.value.kind == "BUG" and failure.value.reason == "INTERNAL_ERROR"
    assert "RuntimeError: a bug of ours" in failure.value.detail


def test_bad_input_crosses_the_boundary_whole_and_costs_no_restart(child):
    with pytest.raises(BadInput) as failure:
        product(child, "bad")
    error = failure.value
    assert (error.reason, error.message, error.detail) == ("NO_FACE", "there is none", "said the detector")
    assert child.num_restarts == 0


def test_the_last_words_of_a_crash_are_kept(child):
    with pytest.raises(BadInput) as failure:
        product(child, "talk")
    assert "last words" in failure.value.detail and "SIGABRT" in failure.value.message


def test_a_callers_deadline_is_not_the_clips_fault(child):
    with pytest.raises(Transient) as failure:
        product(child, "hang", timeout_s=0.3)
    assert failure.value.reason == "DEADLINE_EXCEEDED"


def test_a_callers_deadline_holds_for_both_tries_together(child, tmp_path):
    child.start()
    # A second try with all of the 3 s would end by the clip's own limit, which is shorter.
    assert LIMITS.time_s < 3.0 < 2 * LIMITS.time_s
    with pytest.raises(Transient) as failure:
        product(child, "hang", timeout_s=3.0)
    assert failure.value.reason == "DEADLINE_EXCEEDED"
    assert child.num_restarts == 1


def test_a_deadline_that_passed_while_the_child_started_costs_no_child(child):
    with pytest.raises(Transient) as failure:
        product(child, timeout_s=0.001)
    assert failure.value.reason == "DEADLINE_EXCEEDED"
    assert child._process is not None and not child._process.has_ended


def test_a_remote_stage_that_does_not_answer_is_not_the_clips_fault(child):
    with pytest.raises(Transient) as failure:
        product(child, "remote-hang")
    assert failure.value.reason == "REMOTE_TIMEOUT"
    assert "points at far:1 has not answered for 2 s" in failure.value.message


def test_what_a_clip_waits_for_a_remote_stage_is_not_its_time(child):
    assert product(child, "remote-slow").payload == b"72"


def test_what_a_caller_takes_to_read_is_not_the_clips_time(child):
    parts = child.run(job("sleep"), want={"frames"})
    next(parts)
    time.sleep(LIMITS.time_s + 0.2)
    assert [type(p).__name__ for p in parts][-2:] == ["ArtifactPart", "DonePart"]
    assert child.num_restarts == 0


def test_what_a_caller_takes_to_send_is_not_the_clips_time(child):
    def frames():
        yield FrameChunk(0, np.full((2, 2, 4, 3), 1, np.uint8), np.zeros(2))
        time.sleep(LIMITS.time_s + 0.2)

    assert product(child, pushed=frames(), info=INFO).payload == b"48"


@pytest.mark.parametrize(("kills", "error"), [((0, 1), Transient), ((0, 0, 0, 0), BadInput)])
def test_a_kill_by_the_kernel_for_want_of_memory_is_not_the_clips_fault(child, monkeypatch, kills, error):
    """kills: what the kernel's count says when a child starts, and when one is found dead."""
    counts = iter(kills)
    monkeypatch.setattr("services.base.sandbox.process.num_oom_kills", lambda: next(counts))
    with pytest.raises(error) as raised:
        product(child, "killed")
    assert raised.value.reason == ("MEMORY_RAN_OUT" if error is Transient else "CLIP_CRASHED")


def test_memory_is_watched_while_frames_are_sent(child):
    chunk = FrameChunk(0, np.zeros((64, 64, 64, 3), np.uint8), np.zeros(64))
    num_sent = 0

    def frames():
        nonlocal num_sent
        for _ in range(200):
            num_sent += 1
            yield chunk

    with pytest.raises(BadInput) as failure:
        product(child, "eat-frames", pushed=frames(), info=VideoInfo(64, 64, 0, 25.0, 0, 0.0, "", ""))
    assert failure.value.reason == "OUT_OF_MEMORY"
    assert num_sent < 50


def test_a_call_that_cannot_be_tried_again_does_not_say_that_it_was(child):
    frames = iter([FrameChunk(0, np.full((2, 2, 4, 3), 1, np.uint8), np.zeros(2))])
    with pytest.raises(BadInput) as failure:
        product(child, "crash", pushed=frames, info=INFO)
    assert "again" not in failure.value.message
    with pytest.raises(BadInput) as failure:
        product(child, "crash")
    assert "and again in a fresh process" in failure.value.message


def test_a_message_that_never_ends_is_a_matter_of_time(child):
    with pytest.raises(BadInput) as failure:
        product(child, "stop-talking")
    assert failure.value.reason == "TIMEOUT"


def test_last_words_are_waited_for(child):
    with pytest.raises(BadInput) as failure:
        product(child, "late-words")
    assert "afterthought" in failure.value.detail


def test_warnings_of_the_child_are_in_the_log_with_the_clip_they_are_about(child, caplog):
    with log.bound(shard=3):
        product(child, "warn")
    child.close()
    child.stderr_tail()
    (record,) = [r for r in caplog.records if r.name == "fake.stage"]
    assert (record.levelname, record.getMessage()) == ("WARNING", "the remote does not answer")
    assert record.fields == {"clip": "s1/x", "tries": 2}


def test_a_child_outlives_a_clip_that_ends_soon_after_nobody_wants_it():
    child = PassChild([("frames", {}), ("obey", {})], LIMITS, program=PROGRAM, grace_s=1.5)
    try:
        pid = product(child).quality["pid"]
        parts = child.run(job("sleep"), want={"frames"})
        next(parts)
        parts.close()
        assert product(child).quality["pid"] == pid
        with pytest.raises(ValueError, match="broke off"):
            product(child, pushed=_breaking_off(), info=INFO)
        assert product(child).quality["pid"] == pid
        assert product(child, "sleep", timeout_s=0.1).quality["pid"] == pid
        with pytest.raises(Transient, match="DEADLINE_EXCEEDED"):
            product(child, "hang", timeout_s=0.1)
        assert product(child).quality["pid"] != pid
    finally:
        child.close()


def _breaking_off():
    yield FrameChunk(0, np.full((2, 2, 4, 3), 1, np.uint8), np.zeros(2))
    raise ValueError("the frames broke off")


def test_stages_that_opened_once_are_no_matter_of_config(tmp_path):
    marker = tmp_path / "marker"
    child = PassChild([("frames", {}), ("obey-until", {"marker": str(marker)})], LIMITS, program=PROGRAM)
    child.start()
    child.close()
    marker.touch()
    with pytest.raises(Transient) as failure:
        child.start()
    assert failure.value.reason == "STAGE_DID_NOT_OPEN"


def test_a_child_keeps_the_last_stages_that_it_opened():
    child = PassChild([("frames", {}), ("obey", {})], LIMITS, program=PROGRAM)
    try:
        pid = product(child).quality["pid"]
        for i in range(5):
            child.rebind([("frames", {}), ("obey", {"i": i})])
            assert product(child).quality["pid"] == pid
        assert child.holds([("frames", {}), ("obey", {"i": 4})])
        assert child.holds([("frames", {}), ("obey", {"i": 2})])
        assert not child.holds([("frames", {}), ("obey", {"i": 1})])
    finally:
        child.close()


def test_frames_of_the_caller_replace_the_source(child):
    frames = iter([FrameChunk(0, np.full((2, 2, 4, 3), 1, np.uint8), np.zeros(2))])
    made = product(child, pushed=frames, info=VideoInfo(4, 2, 0, 25.0, 2, 0.08, "", ""))
    assert made.payload == b"48"


def test_stages_that_do_not_open_are_a_matter_of_config():
    for name, reason in (("nothing", "UNKNOWN_STAGE"), ("crash-open", "STAGE_DID_NOT_OPEN")):
        with pytest.raises(BadConfig) as failure:
            PassChild([(name, {})], LIMITS, program=PROGRAM).start()
        assert failure.value.reason == reason


def test_a_supervisor_that_is_asked_to_stop_does_not_wait_for_the_clip():
    asked_s = time.monotonic() + 0.3
    child = PassChild(
        [("frames", {}), ("obey", {})], LIMITS, program=PROGRAM, should_stop=lambda: time.monotonic() > asked_s
    )
    with pytest.raises(Transient) as failure:
        product(child, "hang")
    assert failure.value.reason == "STOPPED"


def test_a_child_dies_with_its_supervisor():
    code = (
        "import sys, time; from services.base.sandbox.supervisor import *\n"
        f"c = PassChild([('frames', {{}}), ('obey', {{}})], ClipLimits(), program={PROGRAM!r})\n"
        "c.start(); print(c._process.pid, flush=True); time.sleep(60)"
    )
    import subprocess

    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:4]:
            break
        time.sleep(0.05)
    else:
        os.kill(pid, signal.SIGKILL)
        pytest.fail("the child outlived its supervisor by 5 s")


def test_a_pool_lends_each_child_to_one_at_a_time():
    pool = ChildPool(lambda: PassChild([("frames", {}), ("obey", {})], LIMITS, program=PROGRAM), 1)
    with pool.borrow(1.0):
        with pytest.raises(Transient) as failure, pool.borrow(0.05):
            pass
        assert failure.value.reason == "SERVER_BUSY"
    with pool.borrow(0.1) as child:
        assert product(child).payload == b"72"
    pool.close()
