"""The same bytes, whatever happens on the way: other numbers of workers, kills at random moments, another start."""

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

NUM_SHARDS = 4
NUM_KILLS = 20


@dataclass(frozen=True)
class Finished:
    """A run over all the real clips, by two workers."""

    answer: dict[str, Any]
    inputs: Path
    outputs: Path
    state: Path
    flags: list[object]
    digest: str

    def words(self, outputs: Path) -> list[object]:
        return ["run", "grid", "--input-root", self.inputs, "--output-root", outputs, *self.flags]


@pytest.fixture(scope="module", params=["mediapipe", "dlib"])
def finished(
    request: pytest.FixtureRequest,
    visemill: Any,
    corpus_at: Any,
    tree_digest: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Finished:
    flags: list[object] = ["--num-shards", NUM_SHARDS, "--quiet"]
    if request.param == "dlib":
        flags += ["--dlib-predictor", request.getfixturevalue("dlib_predictor")]
    folder = tmp_path_factory.mktemp(request.param)
    inputs, out, state = folder / "in", folder / "out", folder / "state"
    corpus_at(inputs).all_real()
    words = ["run", "grid", "--input-root", inputs, "--output-root", out, "--state-root", state, *flags]
    answer = visemill.ok(*words, "--workers", 2, code=3)
    return Finished(answer, inputs, out, state, flags, tree_digest(out))


def test_every_clip_but_the_one_without_an_align_is_a_record(finished: Finished) -> None:
    assert finished.answer["records"] == {"train": 49, "val": 0, "test": 0}
    assert finished.answer["reasons"] == {"MISSING_ALIGN": 1}
    assert finished.answer["landmarks_found_made"] == 0
    # Three clips of 74 frames, every frame decoded once.
    assert finished.answer["frames"] == 46 * 75 + 3 * 74


def test_one_worker_gives_the_bytes_of_two(finished: Finished, visemill: Any, tree_digest: Any, tmp_path: Path) -> None:
    visemill.ok(*finished.words(tmp_path / "out"), "--workers", 1, "--no-artifact-cache", code=3)
    assert tree_digest(tmp_path / "out") == finished.digest


def test_a_finished_run_resumed_does_nothing_and_soon(finished: Finished, visemill: Any) -> None:
    def times() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in finished.outputs.rglob("*") if path.name != "lease"}

    before = times()
    for words in (
        ["resume", "--output-root", finished.outputs],
        [*finished.words(finished.outputs), "--state-root", finished.state],
    ):
        began_s = time.monotonic()
        answer = visemill.ok(*words, code=3)
        # One or two seconds on an idle machine; the rest is for one that is busy with something else.
        assert time.monotonic() - began_s < 10
        assert answer["nothing_to_do"]
        assert answer["wall_s"] < 1
    assert times() == before


def test_another_profile_detects_nothing_again(
    finished: Finished, visemill: Any, tree_digest: Any, tmp_path: Path
) -> None:
    words = [
        *finished.words(tmp_path / "out"),
        "--state-root",
        finished.state,
        "--profile",
        "liptype2-v1",
        "--landmarks-mode",
        "tracked",
    ]
    answer = visemill.ok(*words, code=3)
    assert answer["landmarks_found_made"] == sum(answer["records"].values()) == 49
    assert tree_digest(tmp_path / "out") != finished.digest


@pytest.mark.parametrize(
    ("backend", "cache"), [("mediapipe", "on"), ("mediapipe", "off"), ("dlib", "on")], ids=lambda value: value
)
def test_twenty_kills_and_resumes_give_the_bytes_of_an_uninterrupted_run(
    backend: str,
    cache: str,
    visemill: Any,
    corpus: Any,
    stems: Callable[[int], list[str]],
    tree_digest: Any,
    killer_of: Any,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    corpus.add(*stems(16))
    flags: list[object] = ["--num-shards", NUM_SHARDS, "--quiet"]
    if backend == "dlib":
        flags += ["--dlib-predictor", request.getfixturevalue("dlib_predictor")]
    flags += ["--artifact-cache" if cache == "on" else "--no-artifact-cache"]
    words = ["run", "grid", "--input-root", corpus.root, *flags]
    visemill.ok(*words, "--output-root", tmp_path / "whole")
    whole = tree_digest(tmp_path / "whole")

    draw, victims = random.Random(f"{backend} {cache}"), Counter[str]()
    for i in itertools.count():
        killed = tmp_path / f"killed-{i}"
        killer = killer_of(visemill, words, killed, draw, victims)
        while victims.total() < NUM_KILLS and killer.life():
            pass
        answer = visemill.ok(*killer.next_words())
        assert answer["records"] == {"train": 16, "val": 0, "test": 0}
        assert tree_digest(killed) == whole
        assert visemill.ok("verify", "--output-root", killed)["problems"] == []
        assert not list((killed / ".visemill" / "staging").rglob("*.tfrecord"))
        if victims.total() >= NUM_KILLS:
            break
    assert set(victims) == {"orchestrator", "worker", "child"}
