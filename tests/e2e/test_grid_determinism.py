"""The same bytes, whatever the number of workers; and what has been made once is not made again."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Finished:
    """A run and what it was told. Its state lies in its output."""

    answer: dict[str, Any]
    inputs: Path
    outputs: Path
    flags: list[object]
    digest: str

    def words(self, outputs: Path) -> list[object]:
        return ["run", "grid", "--input-root", self.inputs, "--output-root", outputs, *self.flags]


@pytest.fixture(scope="module")
def by_mediapipe(finished_grid_all: Any) -> Finished:
    """Every clip, by one worker."""
    run = finished_grid_all
    return Finished(run.answer, run.inputs, run.outputs, ["--num-shards", 24, "--quiet"], run.digest)


@pytest.fixture(scope="module")
def by_dlib(here: Any, corpus_at: Any, dlib_predictor: Path, tree_digest: Any, tmp_path_factory: Any) -> Finished:
    """Four clips, one of them of 74 frames, by two workers."""
    folder = tmp_path_factory.mktemp("dlib")
    inputs, out = folder / "in", folder / "out"
    corpus_at(inputs).add("bbaf2n", "bbaf3s", "bbal8p", "lrae3s")
    flags: list[object] = ["--num-shards", 2, "--quiet", "--dlib-predictor", dlib_predictor]
    answer = here.ok("run", "grid", "--input-root", inputs, "--output-root", out, *flags, "--workers", 2)
    return Finished(answer, inputs, out, flags, tree_digest(out))


@pytest.fixture(params=["mediapipe", "dlib"])
def finished(request: pytest.FixtureRequest) -> Finished:
    run: Finished = request.getfixturevalue(f"by_{request.param}")
    return run


def test_every_clip_but_the_one_without_an_align_is_a_record(by_mediapipe: Finished) -> None:
    assert by_mediapipe.answer["records"] == {"train": 49, "val": 0, "test": 0}
    assert by_mediapipe.answer["reasons"] == {"MISSING_ALIGN": 1}
    assert by_mediapipe.answer["reused"] == {}
    # Three clips of 74 frames, every frame decoded once.
    assert by_mediapipe.answer["counts"] == {"clips": 49, "frames": 46 * 75 + 3 * 74}


def test_two_workers_that_keep_nothing_give_the_bytes_of_one(
    by_mediapipe: Finished, here: Any, tree_digest: Any, tmp_path: Path
) -> None:
    """Takes half a minute: all clips once more."""
    answer = here.ok(*by_mediapipe.words(tmp_path / "out"), "--workers", 2, "--no-artifact-cache", code=3)
    assert answer["reused"] == {}
    assert tree_digest(tmp_path / "out") == by_mediapipe.digest


def test_one_worker_that_keeps_nothing_gives_the_bytes_of_two(
    by_dlib: Finished, here: Any, tree_digest: Any, tmp_path: Path
) -> None:
    here.ok(*by_dlib.words(tmp_path / "out"), "--workers", 1, "--no-artifact-cache")
    assert tree_digest(tmp_path / "out") == by_dlib.digest


def test_a_finished_run_given_again_starts_no_worker_and_changes_no_file(
    finished: Finished, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def times() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in finished.outputs.rglob("*") if path.name != "lease"}

    before, started, start = times(), [], subprocess.Popen.__init__

    def noting(self: Any, argv: Any, *args: Any, **kwargs: Any) -> None:
        started.append(argv)
        start(self, argv, *args, **kwargs)

    monkeypatch.setattr(subprocess.Popen, "__init__", noting)
    code = finished.answer["exit_code"]
    assert here.ok("resume", "--output-root", finished.outputs, code=code)["nothing_to_do"]
    assert started == []
    assert here.ok(*finished.words(finished.outputs), code=code)["nothing_to_do"]
    # The stages are asked what they are, and nothing more.
    assert [argv[4] for argv in started] == ["describe"]
    assert times() == before


def test_another_label_length_detects_nothing_again(
    finished: Finished, here: Any, tree_digest: Any, tmp_path: Path
) -> None:
    """Takes half a minute: every real clip is made into a record again."""
    words = finished.words(tmp_path / "out")
    words += ["--state-root", finished.outputs / ".visemill", "--max-text-len", 40]
    answer = here.ok(*words, code=finished.answer["exit_code"])
    assert answer["reused"]["landmarks"] == sum(answer["records"].values()) == sum(finished.answer["records"].values())
    assert tree_digest(tmp_path / "out") != finished.digest
