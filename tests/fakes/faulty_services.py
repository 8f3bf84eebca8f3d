"""A program with stages that fail on command, for a supervisor to survive: `python faulty_services.py child FD`."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.base.errors import BadConfig, BadInput
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.sandbox.child import _SUPERVISOR, child_main, waiting_for
from services.base.stage.clip_pass import BoundStage, Pause
from services.base.stage.product import Product, ProductFile
from services.base.stage.spec import StageSpec


@dataclass(frozen=True)
class NoSettings:
    pass


class Frames:
    info = VideoInfo(4, 2, 0, 25.0, 3, 0.12, "made", "rgb24")

    def __iter__(self):
        for i in range(3):
            yield FrameChunk(i, np.full((1, 2, 4, 3), i, np.uint8), np.array([i / 25]))

    def facts(self):
        return DecodeFacts(3)


@contextmanager
def source(media, max_frames=None):
    yield Frames()


hoard = []


def obey(order):
    if order.startswith("once:"):
        _, order, marker = order.split(":", 2)
        if Path(marker).exists():
            order = "fine"
        Path(marker).touch()
    if order == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if order == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if order == "exit":
        os._exit(5)
    if order == "hang":
        time.sleep(3600)
    if order == "eat":
        eaten = []
        while True:
            eaten.append(np.ones(8 << 20, np.uint8))
    if order == "memory-error":
        raise MemoryError
    if order == "bug":
        raise RuntimeError("a bug of ours")
    if order == "bad":
        raise BadInput("NO_FACE", "there is none", "said the detector")
    if order == "warn":
        logging.getLogger("fake.stage").warning("the remote does not answer", extra={"fields": {"tries": 2}})
        logging.getLogger("fake.stage").info("all is well")
    if order == "remote-hang":
        with waiting_for("points at far:1"):
            time.sleep(3600)
    if order == "remote-slow":
        for _ in range(2):
            with waiting_for("points at far:1"):
                time.sleep(1.2)
        time.sleep(0.3)
    if order == "sleep":
        time.sleep(0.5)
    if order in ("compute", "compute-a-little"):
        until_s = time.thread_time() + (0.8 if order == "compute" else 0.1)
        while time.thread_time() < until_s:
            pass
    if order == "take":
        hoard.append(np.ones(60 << 20, np.uint8))
    if order == "let":
        hoard.clear()
    if order == "stop-talking":
        # The supervisor sees the beginning of a message, and never its end.
        _SUPERVISOR.get().sendall(bytes(5))
        time.sleep(3600)
    if order == "late-words":
        # Whoever inherits the pipe speaks after the child has ended.
        subprocess.Popen(["sh", "-c", "sleep 0.3; echo afterthought >&2"])
        os.abort()
    if order == "talk":
        sys.stderr.write("last words\n")
        sys.stderr.flush()
        os.abort()


class Obeying:
    """Does what the clip's bytes say; `once:` faults only the first time, told by a file that it leaves behind."""

    wants = frozenset({"frames"})

    def __init__(self, job, info):
        self.order = job.media.data.decode()
        self.sum = 0

    def push(self, chunk):
        if self.order == "eat-frames":
            hoard.append(np.ones(64 << 20, np.uint8))
        self.sum += int(chunk.frames_THWC.sum())

    def finish(self, given):
        obey(self.order)
        return Product((ProductFile.of("sum", str(self.sum).encode()),), {"pid": os.getpid()}, ("FLAG",))


class FarStage:
    """The clip's bytes are words, none or some: `push=ORDER` for each chunk, `wait=S` at its end, `finish=ORDER`."""

    waits_at_end = True

    def __call__(self, job, info):
        return ObeyingFar(dict(word.split("=") for word in job.media.data.decode().split()))


class ObeyingFar:
    wants = frozenset({"frames"})

    def __init__(self, orders):
        self.orders = orders
        self.began_s = time.monotonic()
        self.waited_s = 0.0
        self.pushed_s = []

    def push(self, chunk):
        obey(self.orders.get("push", "fine"))
        self.pushed_s.append(time.monotonic())

    def awaited(self):
        if "wait" in self.orders:
            answer = Future()
            threading.Timer(float(self.orders["wait"]), answer.set_result, [None]).start()
            yield Pause("far:1", answer)

    def finish(self, given):
        obey(self.orders.get("finish", "fine"))
        seen = {"pid": os.getpid(), "began_s": self.began_s, "pushed_s": self.pushed_s, "ended_s": time.monotonic()}
        return Product((ProductFile.of("num", str(len(self.pushed_s)).encode()),), seen)


class Filing:
    """The clip's bytes are words: `num=N` pieces of `size=BYTES` each in the file "large"; of the piece `at=N` on, it
    does `do=ORDER`. A file goes out for each frame before.
    """

    wants = frozenset({"frames"})

    def __init__(self, job, info):
        self.orders = dict(word.split("=", 1) for word in job.media.data.decode().split())
        self.num_pushed = 0

    def push(self, chunk):
        self.num_pushed += 1

    def files_so_far(self):
        yield ProductFile.of(f"frames/{self.num_pushed}.txt", b"frame", "text/plain")

    def finish(self, given):
        return Product((ProductFile("large", self.pieces()),), {"pid": os.getpid()})

    def pieces(self):
        for i in range(int(self.orders["num"])):
            if str(i) == self.orders.get("at"):
                obey(self.orders["do"])
            yield bytes([i % 251]) * int(self.orders["size"])


def open_stage(name, config, target, configs):
    if name == "filing":
        return BoundStage(StageSpec("filing", 1, NoSettings, ("frames",), ("tree",)), Filing)
    if name == "frames":
        return BoundStage(StageSpec("frames", 1, NoSettings, (), ("frames",)), source)
    if name == "obey":
        return BoundStage(StageSpec("obey", 1, NoSettings, ("frames",), ("product",)), Obeying)
    if name == "far":
        return BoundStage(StageSpec("far", 1, NoSettings, ("frames",), ("product",)), FarStage())
    if name == "obey-until" and Path(config["marker"]).exists():
        os._exit(9)
    if name == "obey-until":
        return BoundStage(StageSpec("obey", 1, NoSettings, ("frames",), ("product",)), Obeying)
    if name == "crash-open":
        os._exit(9)
    raise BadConfig("UNKNOWN_STAGE", f"no stage {name}")


if __name__ == "__main__":
    sys.exit(child_main(int(sys.argv[2]), open_stage))
