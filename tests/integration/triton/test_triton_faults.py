"""What a client makes of a server that is full, slow, short of memory, gone, or serves something else."""

import gc
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.base.errors import BadConfig, BadInput, OutOfMemory, Transient
from services.base.process.settings import Settings
from services.features.batching.batcher import RECOVER_AFTER, AdaptiveBatcher
from services.features.batching.in_flight import BatchesOfClip, Departures, Fitted
from services.features.triton.networks import TritonFrames
from services.triton.client import TritonClient

HERE = Path(__file__).resolve().parent
RNG = np.random.default_rng(7)


class Faulty:
    """The faulty model on a server of its own, and how it is told to fail."""

    def __init__(self, start: Callable[..., Any], folder: Path) -> None:
        shutil.copytree(HERE / "faulty_model", folder / "faulty")
        self._faults = folder / "faulty" / "faults.json"
        self.server = start(folder)

    def fails(self, **faults: Any) -> None:
        self._faults.with_suffix(".new").write_text(json.dumps(faults))
        self._faults.with_suffix(".new").replace(self._faults)

    def frames(
        self, patience_s: float = 20.0, deadline_s: float = 5.0, num_in_flight: int = 4, transport: str = "auto"
    ) -> TritonFrames:
        values = Settings(rpc_patience_s=patience_s, rpc_deadline_s=deadline_s)
        client = TritonClient(
            self.server.target, "faulty", num_in_flight=num_in_flight, transport=transport, values=values
        )
        return TritonFrames(client, num_in_flight)


@pytest.fixture(scope="module")
def faulty_server(triton: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Faulty:
    return Faulty(triton, tmp_path_factory.mktemp("faulty"))


@pytest.fixture
def faulty(faulty_server: Faulty) -> Iterator[Faulty]:
    faulty_server.fails()
    yield faulty_server
    faulty_server.fails()


def some_frames(num_frames: int, size_px: int = 8) -> np.ndarray:
    return RNG.integers(0, 256, (num_frames, size_px, size_px, 3), np.uint8)


def means(frames_NHWC: np.ndarray) -> np.ndarray:
    return frames_NHWC.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)


@pytest.mark.parametrize("transport", ["grpc", "shared-memory", "auto"])
def test_answers_come_in_the_order_of_the_frames(faulty: Faulty, transport: str) -> None:
    frames_NHWC = some_frames(45)
    model = faulty.frames(transport=transport)
    assert model(frames_NHWC).tobytes() == means(frames_NHWC).tobytes()
    assert (model.name, model.weights) == ("faulty", "seeded:0")


def test_shared_memory_is_forgotten_by_the_server_with_its_client(faulty: Faulty) -> None:
    gc.collect()
    before = faulty.server.regions()
    client = TritonClient(faulty.server.target, "faulty")
    TritonFrames(client)(some_frames(8))
    held = faulty.server.regions() - before
    assert held
    assert not [name for name in held if (Path("/dev/shm") / name).exists()]
    client.close()
    assert faulty.server.regions() == before


def test_shared_memory_of_a_killed_client_is_forgotten_for_the_next_one(faulty: Faulty) -> None:
    script = (
        "import os, numpy as np\n"
        "from services.triton.client import TritonClient\n"
        "from services.features.triton.networks import TritonFrames\n"
        f"model = TritonFrames(TritonClient({faulty.server.target!r}, 'faulty'))\n"
        "model(np.zeros((8, 8, 8, 3), np.uint8))\n"
        "os._exit(1)\n"
    )
    before = faulty.server.regions()
    subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    assert faulty.server.regions() > before
    TritonClient(faulty.server.target, "faulty").forget_orphans()
    assert faulty.server.regions() == before


def test_a_server_that_is_killed_and_started_again_in_mid_run_costs_nothing(faulty: Faulty) -> None:
    faulty.fails(delay_s=0.05)
    model = faulty.frames()
    frames_NHWC = some_frames(64)

    def bounce() -> None:
        time.sleep(0.6)
        faulty.server.kill()
        time.sleep(0.5)
        faulty.server.start()

    bouncer = threading.Thread(target=bounce)
    bouncer.start()
    found = []
    while bouncer.is_alive() or not found:
        found.append(model(frames_NHWC))
    bouncer.join()
    assert all(answer.tobytes() == means(frames_NHWC).tobytes() for answer in found)


def test_a_server_that_stays_away_is_transient_and_says_so(faulty: Faulty) -> None:
    model = faulty.frames(patience_s=1.0)
    faulty.server.kill()
    try:
        with pytest.raises(Transient, match="UNAVAILABLE") as raised:
            model(some_frames(2))
        with pytest.raises(Transient):
            faulty.frames(patience_s=0.5)
    finally:
        faulty.server.start()
    assert faulty.server.target in raised.value.message


def test_a_batch_that_does_not_fit_is_said_so_and_the_batcher_finds_what_fits(faulty: Faulty) -> None:
    model = faulty.frames(num_in_flight=1)
    frames_NHWC = some_frames(8)
    faulty.fails(most_items=3)
    with pytest.raises(OutOfMemory):
        model(frames_NHWC)
    batcher = AdaptiveBatcher(8)
    answers = batcher.run(model, frames_NHWC, "clip")
    assert [len(a) for a in answers] == [2, 2, 2, 2]
    assert np.concatenate(answers).tobytes() == means(frames_NHWC).tobytes()
    faulty.fails(most_items=0)
    with pytest.raises(BadInput, match="OUT_OF_MEMORY"):
        batcher.run(model, frames_NHWC, "clip")


def test_memory_that_runs_out_in_the_middle_of_clips_is_recorded_and_used_again_once_it_is_back(
    faulty: Faulty,
) -> None:
    # One request at a time: those that this model is given together must fit together.
    departures = Departures(Fitted(faulty.frames(num_in_flight=1), 4), 4)

    def features_of(num_frames: int) -> tuple[np.ndarray, np.ndarray, int]:
        frames_NHWC = some_frames(num_frames)
        clip = BatchesOfClip(departures, "clip")
        for start in range(0, num_frames, 4):
            clip.send(frames_NHWC[start : start + 4])
        return clip.answers(), means(frames_NHWC), clip.num_splits

    faulty.fails(most_items=2)
    answers, expected, num_splits = features_of(20)
    assert answers.tobytes() == expected.tobytes()
    assert num_splits == 5
    faulty.fails()
    for _ in range(RECOVER_AFTER):
        answers, expected, num_splits = features_of(8)
        assert answers.tobytes() == expected.tobytes()
    assert num_splits == 0, "batches are whole again"


def test_a_clip_that_does_not_fit_alone_ends_without_its_neighbours(faulty: Faulty) -> None:
    departures = Departures(Fitted(faulty.frames(num_in_flight=2), 4), 4)
    faulty.fails(most_items=0)
    huge = BatchesOfClip(departures, "huge")
    huge.send(some_frames(4))
    with pytest.raises(BadInput, match=r"OUT_OF_MEMORY.*huge: one item alone"):
        huge.answers()
    faulty.fails()
    frames_NHWC = some_frames(4)
    small = BatchesOfClip(departures, "small")
    small.send(frames_NHWC)
    assert small.answers().tobytes() == means(frames_NHWC).tobytes()


@contextmanager
def held_until_it_refuses(faulty: Faulty, hold: Path) -> Iterator[None]:
    """The model computes nothing within the block; at its end, not before the server has refused a request."""
    hold.touch()
    faulty.fails(hold=str(hold))
    failed = faulty.server.num_failed("faulty")
    try:
        yield
        until_s = time.monotonic() + 60
        while faulty.server.num_failed("faulty") == failed:
            assert time.monotonic() < until_s, "no request was refused though the queue is full"
            time.sleep(0.02)
    finally:
        hold.unlink()


def test_a_full_queue_is_waited_for(faulty: Faulty, tmp_path: Path) -> None:
    """The queue holds 4; 24 requests at once find it full, and every one is answered in the end."""
    models = [faulty.frames(patience_s=120.0, deadline_s=120.0) for _ in range(6)]
    frames_NHWC = some_frames(32)
    with ThreadPoolExecutor(6) as pool, held_until_it_refuses(faulty, tmp_path / "hold"):
        asked = [pool.submit(model, frames_NHWC) for model in models]
    assert all(future.result().tobytes() == means(frames_NHWC).tobytes() for future in asked)


def test_a_full_queue_is_transient_once_patience_ends(faulty: Faulty, tmp_path: Path) -> None:
    models = [faulty.frames(patience_s=0.0, deadline_s=120.0) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool, held_until_it_refuses(faulty, tmp_path / "hold"):
        asked = [pool.submit(model, some_frames(32)) for model in models]
    errors = [future.exception() for future in asked]
    assert {type(e) for e in errors if e} == {Transient}
    assert "SERVER_BUSY" in {e.reason for e in errors if isinstance(e, Transient)}


def test_a_request_past_the_servers_or_the_clients_time_is_tried_again(faulty: Faulty) -> None:
    model = faulty.frames(patience_s=10.0, deadline_s=0.3)
    faulty.fails(delay_s=1.0)
    threading.Timer(1.5, faulty.fails).start()
    frames_NHWC = some_frames(4)
    assert model(frames_NHWC).tobytes() == means(frames_NHWC).tobytes()
    faulty.fails(delay_s=1.0)
    with pytest.raises(Transient, match=r"DEADLINE_EXCEEDED|QUEUE_TIMEOUT"):
        faulty.frames(patience_s=0.0, deadline_s=0.3)(frames_NHWC)


def test_frames_of_another_size_are_stretched_to_the_models(faulty: Faulty) -> None:
    flat_NHWC = np.full((2, 30, 40, 3), 77, np.uint8)
    assert (faulty.frames()(flat_NHWC) == 77).all()


def test_what_the_model_does_not_take_is_a_wrong_setting(faulty: Faulty) -> None:
    client = TritonClient(faulty.server.target, "faulty")
    with pytest.raises(BadConfig, match=r"WRONG_SHAPE.*unexpected shape"):
        client.infer([("frames", some_frames(2, size_px=9))], "features")
    with pytest.raises(BadConfig, match="WRONG_SHAPE"):
        client.infer([("pictures", some_frames(2))], "features")


def test_a_model_that_is_not_there_is_a_wrong_setting(faulty: Faulty) -> None:
    with pytest.raises(BadConfig, match=r"NO_MODEL.*models export"):
        TritonClient(faulty.server.target, "nothing")


def test_other_weights_than_the_runs_are_refused(faulty: Faulty) -> None:
    with pytest.raises(BadConfig, match=r"MODEL_DIFFERS.*seeded:0.*seeded:1"):
        TritonClient(faulty.server.target, "faulty", "seeded:1")
    TritonClient(faulty.server.target, "faulty", "seeded:0")


def test_a_models_own_failure_is_a_bug_with_its_words(faulty: Faulty) -> None:
    faulty.fails(message="the model tripped")
    with pytest.raises(Exception, match=r"SERVER_FAILED.*the model tripped"):
        faulty.frames()(some_frames(1))


def test_eight_clients_are_batched_together(faulty: Faulty) -> None:
    faulty.fails(delay_s=0.02)
    models = [faulty.frames() for _ in range(8)]
    items, executions = faulty.server.counts("faulty")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda model: [model(frame_NHWC) for frame_NHWC in np.split(some_frames(10), 10)], models))
    later_items, later_executions = faulty.server.counts("faulty")
    assert later_items - items == 80
    assert later_executions - executions < 80


SHARED_MEMORY_SHORT = (
    "Failed to increase the shared memory pool size for key 'triton_python_backend_shm_region_1' to 67108864 bytes. If "
    "you are running Triton inside docker, use '--shm-size' flag to control the shared memory region size."
)


def test_a_server_short_of_shared_memory_gets_smaller_batches_and_keeps_the_blame(faulty: Faulty) -> None:
    batcher = AdaptiveBatcher(8)
    before = faulty.server.regions()
    model = faulty.frames(patience_s=5.0)
    frames_NHWC = some_frames(8)
    faulty.fails(message=SHARED_MEMORY_SHORT, fail_times=2)
    answers = batcher.run(model, frames_NHWC, "clip")
    assert np.concatenate(answers).tobytes() == means(frames_NHWC).tobytes()
    assert len(answers) > 1
    # It shares no more memory with a server that lacks it.
    assert faulty.server.regions() <= before
    faulty.fails(message=SHARED_MEMORY_SHORT)
    with pytest.raises(Transient, match=r"SERVER_SHARED_MEMORY.*--shm-size.*shared memory pool size"):
        AdaptiveBatcher(8).run(model, frames_NHWC, "clip")
