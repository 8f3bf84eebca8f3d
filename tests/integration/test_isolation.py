"""A clip that crashes, hangs or exhausts memory costs itself; the next clip goes through."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from services.base.child_pool import ChildPool
from services.base.contract import ClipJob
from services.base.errors import BadConfig, BadInput, Transient, VisemillError
from services.base.isolation import ArtifactPart, ChunkPart, ClipLimits, DonePart, InfoPart, PassChild
from services.base.media import Clip, FrameChunk, Media, VideoInfo

PROGRAM = (sys.executable, str(Path(__file__).resolve().parents[1] / "fakes" / "faulty_services.py"))
LIMITS = ClipLimits(time_s=2.0, memory_bytes=400 << 20)


@pytest.fixture
def child():
    made = PassChild([("frames", {}), ("obey", {})], LIMITS, program=PROGRAM)
    yield made
    made.close()


def job(order: str) -> ClipJob:
    return ClipJob(Clip("s1/x", "x", "s1", "x.mpg"), Media.of_bytes("x.mpg", order.encode()))


def product(child, order="fine", **options):
    parts = list(child.run(job(order), **options))
    return next(p.value for p in parts if isinstance(p, ArtifactPart))


def test_parts_come_in_order_and_values_are_those_of_the_stage(child):
    parts = list(child.run(job("fine"), want_frames=True))
    assert [type(p).__name__ for p in parts] == [
        "InfoPart",
        *["ChunkPart"] * 3,
        "FactsPart",
        "ArtifactPart",
        "DonePart",
    ]
    assert isinstance(parts[0], InfoPart) and parts[0].info.width_px == 4
    assert [int(p.chunk.frames_THWC[0, 0, 0, 0]) for p in parts if isinstance(p, ChunkPart)] == [0, 1, 2]
    assert parts[-2].value.payload == b"72" and parts[-2].value.flags == ("FLAG",)
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


def test_frames_of_the_caller_replace_the_source(child):
    frames = iter([FrameChunk(0, np.full((2, 2, 4, 3), 1, np.uint8), np.zeros(2))])
    made = product(child, frames=frames, info=VideoInfo(4, 2, 0, 25.0, 2, 0.08, "", ""))
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
        "import sys, time; from services.base.isolation import *\n"
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
