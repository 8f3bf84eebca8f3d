"""A worker begins the next clip while the last one's requests are on their way, and not a byte differs."""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
FAULTY_MODEL = Path(__file__).resolve().parent / "faulty_model"
DELAY_S = 1.0
NUM_CLIPS = 6
# What a program runs first so that its worker begins no clip early.
ONE_BY_ONE = (
    "from services.base.sandbox.supervisor import PassChild; PassChild.begins_next = property(lambda child: False); "
)
WORK = "import sys; from services.__main__ import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(scope="module")
def server(triton: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One that takes its time for each request, computes two at once, and writes down when."""
    folder = tmp_path_factory.mktemp("slow")
    model = Path(shutil.copytree(FAULTY_MODEL, folder / "inception_v3"))
    config = (model / "config.pbtxt").read_text().replace('"faulty"', '"inception_v3"').replace("count: 1", "count: 2")
    config = config.replace("400000", "60000000").replace("20000", "0").replace("dims: [ 3 ]", "dims: [ 2048 ]")
    (model / "config.pbtxt").write_text(config)
    (model / "faults.json").write_text(
        json.dumps({"delay_s": DELAY_S, "num_values": 2048, "log": str(folder / "executions.log")})
    )
    found = triton(folder)
    found.executions = folder / "executions.log"
    return found


@pytest.fixture(scope="module")
def clips(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real clips that differ in a box that players skip, one twice, and one that is no video."""
    folder = tmp_path_factory.mktemp("clips")
    sources = sorted((testdata / "data" / "sign").glob("*.mp4"))
    for i in range(NUM_CLIPS):
        box = (8 + i).to_bytes(4, "big") + b"free" + bytes(i)
        (folder / f"c{i}.mp4").write_bytes(sources[i % len(sources)].read_bytes() + box)
    shutil.copy(folder / "c0.mp4", folder / "c0-again.mp4")
    (folder / "c3-text.mp4").write_text("not a video")
    return folder


class Run:
    """A pinned run of one shard, which can be worked again from nothing."""

    def __init__(self, clips: Path, out: Path, target: str, *, keypoints: bool = False) -> None:
        words = ["pin", "sign", clips, out, "--write-iv3-features", "--disable-parquet", "--num-shards", 1]
        words += ["--target-fps", 2, "--triton", target, "-o", "json", *(["--write-keypoints"] if keypoints else [])]
        argv = [sys.executable, "-m", "orchestrator.cli.main", *map(str, words)]
        pinned = json.loads(subprocess.run(argv, capture_output=True, check=True, cwd=ROOT, timeout=120).stdout)
        self._state = Path(pinned["state_root"])
        stages = "decode,keypoints,features,signfiles" if keypoints else "decode,features,signfiles"
        self._words = [stages, "work", "--state-root", str(self._state), "--run", pinned["run"], "--shards", "0"]
        self._shards = self._state / "runs" / pinned["run"] / "shards"

    def start(self, first: str = "") -> subprocess.Popen[str]:
        for made in (self._shards, self._state / "artifacts"):
            shutil.rmtree(made, ignore_errors=True)
        argv = [sys.executable, "-c", first + WORK, *self._words]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)

    def work(self, first: str = "") -> None:
        worker = self.start(first)
        _, err = worker.communicate(timeout=300)
        assert worker.returncode == 0, err

    def told(self) -> dict[str, Any]:
        """What is committed of the shard, but for what it took."""
        (folder,) = (path.parent for path in self._shards.rglob("done.json"))
        files = {path.name: path.read_text() for path in folder.iterdir()}
        done = json.loads(files.pop("done.json"))
        del done["seconds"]
        return {**files, **done}


@pytest.fixture(scope="module")
def run(clips: Path, server: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(clips, tmp_path_factory.mktemp("out") / "out", server.target)


@pytest.fixture(scope="module")
def alone(run: Run, server: Any) -> dict[str, Any]:
    """What is committed where each clip is begun when the one before it is done."""
    run.work(ONE_BY_ONE)
    assert most_at_once(server) == 1
    return run.told()


def most_at_once(server: Any) -> int:
    """How many executions the server was in at a time since it was last asked."""
    now = most = 0
    for event in server.executions.read_text().split():
        now += 1 if event == "begins" else -1
        most = max(most, now)
    server.executions.write_text("")
    return most


def begun(run: Run, server: Any) -> subprocess.Popen[str]:
    """A worker whose third request has come to the server."""
    before = server.counts("inception_v3")[1]
    worker = run.start()
    while worker.poll() is None and server.counts("inception_v3")[1] < before + 2:
        time.sleep(0.05)
    assert worker.poll() is None, "the run ended before its third request"
    return worker


def test_clips_begun_early_keep_the_server_at_two_requests_with_the_same_bytes(
    run: Run, server: Any, alone: dict[str, Any]
) -> None:
    assert sum(alone["records"].values()) + alone["num_quarantined"] == NUM_CLIPS + 2
    assert alone["num_quarantined"] == 1
    assert set(alone["reused"].values()) == {1}, "the copy of a clip"
    run.work()
    assert run.told() == alone
    assert most_at_once(server) == 2


def test_keypoints_do_not_depend_on_a_clip_begun_beside_theirs(clips: Path, server: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for i in range(4):
        shutil.copy(clips / f"c{i}.mp4", tmp_path / "in")
    run = Run(tmp_path / "in", tmp_path / "out", server.target, keypoints=True)
    run.work(ONE_BY_ONE)
    alone = run.told()
    run.work()
    assert run.told() == alone


def test_a_server_that_is_killed_in_mid_run_loses_neither_of_two_clips(
    run: Run, server: Any, alone: dict[str, Any]
) -> None:
    worker = begun(run, server)
    server.kill()
    back = threading.Timer(1.0, server.start)
    back.start()
    _, err = worker.communicate(timeout=300)
    back.join()
    assert worker.returncode == 0, err
    assert run.told() == alone


def test_a_worker_that_is_asked_to_stop_with_two_clips_begun_loses_none(
    run: Run, server: Any, alone: dict[str, Any]
) -> None:
    worker = begun(run, server)
    worker.terminate()
    worker.communicate(timeout=30)
    assert worker.returncode == 75
    run.work()
    assert run.told() == alone
