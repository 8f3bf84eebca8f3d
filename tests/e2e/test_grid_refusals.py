"""What a run refuses before it has written anything, and what it says then."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def flags_of(corpus: Any, out: Path, *more: str) -> list[str]:
    return ["grid", "--input-root", str(corpus.root), "--output-root", str(out), "--num-shards", "2", "--quiet", *more]


def wait_for(path_exists: Callable[[], bool], process: subprocess.Popen[str], limit_s: float = 120) -> None:
    """Polls until something can be seen on the disk, while the process goes on."""
    deadline_s = time.monotonic() + limit_s
    while not path_exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def landmarks_in(out: Path) -> list[Path]:
    return [path for path in (out / ".visemill" / "artifacts").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("flags", "reason", "said"),
    [
        (["--num-shards", "0"], "BAD_FLAGS", "--num-shards"),
        (["--max-failures", "some"], "BAD_MAX_FAILURES", "'some'"),
        (["--max-failures", "-1"], "BAD_MAX_FAILURES", "'-1'"),
        (["--workers", "-1"], "BAD_WORKERS", "-1"),
        (["--max-attempts", "0"], "BAD_FLAGS", "--max-attempts"),
        (["--max-frames", "0"], "BAD_FLAGS", "--max-frames"),
        (["--clip-time-s", "0"], "BAD_FLAGS", "--clip-time-s"),
        (["--clip-memory-mib", "1"], "BAD_FLAGS", "--clip-memory-mib"),
        (["--remote", "landmarks"], "BAD_FLAGS", "--remote"),
        (["--remote", "landmark=localhost:1"], "BAD_FLAGS", "--remote"),
        (["--split-config", "no-such-split"], "NO_SPLIT_FILE", "no-such-split"),
        (["--dlib-predictor", "no/such.dat"], "DLIB_PREDICTOR_MISSING", "no/such.dat"),
        (["--max-examples", "-1"], "BAD_FLAGS", "--max-examples"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_flag_that_cannot_work_is_refused_before_anything_is_written(
    here: Any, corpus: Any, out: Path, flags: list[str], reason: str, said: str
) -> None:
    corpus.add("bbaf2n")
    message = here.refused("run", *flags_of(corpus, out, *flags), reason=reason)
    assert said in message
    assert not out.exists()


@pytest.mark.parametrize(
    ("yaml", "reason", "said"),
    [
        ("train_speakers: [s1]\nval_speakers: [s1]\n", "OVERLAPPING_SPEAKERS", "s1"),
        ("train_speakers: [s1, s99]\n", "UNKNOWN_SPEAKERS", "s99"),
        ("train_speakers: [s1\n", "BAD_SPLIT", "not YAML"),
        ("- s1\n", "BAD_SPLIT", "mapping"),
        ("train_speaker: [s1]\n", "UNKNOWN_SPLIT_KEY", "train_speakers"),
        ("val_speakers: [s2]\ntrain_speakers: [s3]\n", "UNLISTED_SPEAKERS", "s1"),
    ],
)
def test_a_split_that_does_not_fit_is_refused_before_anything_is_written(
    here: Any, corpus: Any, out: Path, tmp_path: Path, yaml: str, reason: str, said: str
) -> None:
    corpus.add("bbaf2n").add("bbaf3s", speaker="s2").add("bbal8p", speaker="s3")
    split = tmp_path / "split.yaml"
    split.write_text(yaml)
    for command in ("run", "plan"):
        message = here.refused(command, *flags_of(corpus, out, "--split-config", str(split)), reason=reason)
        assert said in message
    assert not out.exists()


def test_an_input_root_that_is_missing_empty_or_a_file_is_refused(here: Any, corpus: Any, out: Path) -> None:
    message = here.refused("run", *flags_of(corpus, out), reason="ROOT_MISSING")
    assert str(corpus.root) in message
    corpus.root.mkdir()
    assert "empty" in here.refused("run", *flags_of(corpus, out), reason="NO_CLIPS")
    corpus.path("note.txt").write_text("nothing")
    assert ".txt" in here.refused("run", *flags_of(corpus, out), reason="NO_CLIPS")
    assert not out.exists()


def test_usage_errors_exit_64_and_name_the_flag(here: Any) -> None:
    for words, said in ((["run"], "PIPELINE"), (["run", "grid"], "--input-root"), (["rum"], "rum"), ([], "COMMAND")):
        result = here.run(*words)
        assert result.code == 64
        assert said in result.stderr


def test_the_program_exits_with_the_code_of_the_command(visemill: Any, corpus: Any, out: Path) -> None:
    assert visemill.run().code == 64
    visemill.refused("run", *flags_of(corpus, out), reason="ROOT_MISSING")


def test_count_prints_just_the_number(here: Any, corpus: Any) -> None:
    corpus.add("bbaf2n", "bbaf3s").add("bbal8p", speaker="s2")
    corpus.copy("bbbs4n", "s2_processed/bbbs4n.mpg")
    for command in ("count", "count-utterances"):
        result = here.run(command, "grid", "--input-root", corpus.root, output="text")
        assert (result.code, result.text) == (0, "3\n")


def test_plan_writes_nothing(here: Any, corpus: Any, out: Path) -> None:
    corpus.add("bbaf2n")
    planned = here.ok("plan", *flags_of(corpus, out, "--sample", "0"))
    assert planned["clips"] == 1
    assert not out.exists()


def test_commands_on_an_output_without_a_run_say_so(here: Any, tmp_path: Path) -> None:
    for command in ("resume", "retry", "status", "verify", "report"):
        message = here.refused(command, "--output-root", tmp_path / "none", reason="NO_RUN")
        assert "visemill run" in message
    assert not (tmp_path / "none").exists()


def test_a_second_run_on_one_output_is_refused_while_the_first_goes_on(
    visemill: Any, here: Any, corpus: Any, out: Path
) -> None:
    """Takes up to 25 s on a busy machine: a whole run in processes of its own, whose workers load their models."""
    corpus.add("bbaf2n", "bbaf3s")
    first = visemill.start("run", *flags_of(corpus, out), "-o", "json")
    try:
        wait_for(lambda: any((out / ".visemill").glob("runs/*/logs/*")), first)
        # So that it has not ended before the others have asked.
        first.send_signal(signal.SIGSTOP)
        for words in (("run", *flags_of(corpus, out)), ("resume", "--output-root", str(out))):
            message = here.refused(*words, reason="OUTPUT_IN_USE")
            assert str(first.pid) in message
        first.send_signal(signal.SIGCONT)
        text, _ = first.communicate(timeout=300)
    finally:
        first.kill()
    assert first.returncode == 0
    assert json.loads(text)["finished"]


def test_a_changed_config_or_input_is_refused_with_what_differs(here: Any, finished_grid: Any, tmp_path: Path) -> None:
    run = finished_grid.copy(tmp_path)
    inputs, out = run.inputs, run.outputs
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    words = ["run", "grid", "--input-root", inputs, "--output-root", out, "--quiet", "--num-shards"]

    message = here.refused(*words, 2, "--profile", "liptype2-v1", reason="OTHER_RUN")
    assert "records.profile fixed-scale against liptype2-v1" in message
    message = here.refused(*words, 3, reason="OTHER_RUN")
    assert "--num-shards 2 against 3" in message
    message = here.refused(*words, 2, "--max-frames", "74", reason="OTHER_RUN")
    assert "max_frames 75 against 74" in message

    os.utime(inputs / "s1_processed" / "bbaf2n.mpg", ns=(0, 0))
    message = here.refused("resume", "--output-root", out, reason="INPUT_CHANGED")
    assert "s1_processed/bbaf2n.mpg" in message
    here.refused(*words, 2, reason="OTHER_RUN")
    (inputs / "s1_processed" / "bbaf2n.mpg").unlink()
    here.refused("resume", "--output-root", out, reason="INPUT_CHANGED")
    unchanged = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    assert {path.name for path in before} == {path.name for path in unchanged}
    assert {p: t for p, t in before.items() if p.is_file()} == {p: t for p, t in unchanged.items() if p.is_file()}


def test_files_of_an_earlier_run_are_not_mixed_with_this_one(here: Any, corpus: Any, out: Path) -> None:
    corpus.add("bbaf2n")
    out.mkdir()
    (out / "train-00063-of-00064.tfrecord").write_bytes(b"old")
    message = here.refused("run", *flags_of(corpus, out), reason="OUTPUT_NOT_EMPTY")
    assert "train-00063-of-00064.tfrecord" in message
    assert [path.name for path in out.rglob("*") if path.is_file() and path.name != "lease"] == [
        "train-00063-of-00064.tfrecord"
    ]


@pytest.mark.slow
def test_one_state_root_for_several_outputs(here: Any, corpus: Any, tmp_path: Path, tree_digest: Any) -> None:
    """Takes up to 25 s on a busy machine: several whole runs, whose workers load their models."""
    corpus.add("bbaf2n")
    first, second, state = tmp_path / "first", tmp_path / "second", tmp_path / "state"
    here.ok("run", *flags_of(corpus, first, "--state-root", str(state)))
    whole = tree_digest(first)

    message = here.refused("run", *flags_of(corpus, second, "--state-root", str(state)), reason="OTHER_OUTPUT")
    assert str(first) in message
    assert "--run" in message
    here.refused("run", *flags_of(corpus, first), reason="OTHER_RUN")
    here.refused("run", *flags_of(corpus, first, "--state-root", str(state), "--run", "x"), reason="OTHER_RUN")
    assert tree_digest(first) == whole

    named = here.ok("run", *flags_of(corpus, second, "--state-root", str(state), "--run", "again"))
    assert named["reused"] == {"landmarks": 1}
    assert tree_digest(second) == whole
    # The output knows where its state lies.
    assert here.ok("status", "--output-root", second)["run"] == "again"
    assert here.ok("resume", "--output-root", first)["nothing_to_do"]


def test_an_output_that_was_moved_can_be_read_but_not_written(here: Any, finished_grid: Any, tmp_path: Path) -> None:
    out = finished_grid.copy(tmp_path).outputs
    moved = out.rename(out.with_name("moved"))
    assert here.ok("status", "--output-root", moved)["finished"]
    assert here.ok("verify", "--output-root", moved, "--recompute", "40%")["problems"] == []
    for command in ("resume", "retry"):
        message = here.refused(command, "--output-root", moved, reason="OUTPUT_MOVED")
        assert str(out) in message
    assert not out.exists()


def test_the_same_video_in_two_splits_stops_the_run_before_it_publishes(
    here: Any, corpus: Any, out: Path, tmp_path: Path
) -> None:
    """Takes up to 25 s on a busy machine: `plan --deep` decodes the clips, and so does a run, whose models load."""
    corpus.add("bbaf2n")
    corpus.copy("bbaf2n", "s2_processed/bbaf3s.mpg", "s2_processed/align/bbaf3s.align")
    split = tmp_path / "split.yaml"
    split.write_text("train_speakers: [s1]\ntest_speakers: [s2]\n")
    flags = flags_of(corpus, out, "--split-config", str(split))

    planned = here.ok("plan", *flags, "--deep", "--sample", "0", code=78)
    assert "s1/bbaf2n (train)" in planned["leaks"][0]
    assert "s2/bbaf3s (test)" in planned["leaks"][0]
    assert not out.exists()

    message = here.refused("run", *flags, reason="CONTENT_LEAK")
    assert "s1/bbaf2n" in message
    assert "s2/bbaf3s" in message
    assert [path.name for path in out.iterdir()] == [".visemill"]
    here.refused("resume", "--output-root", out, reason="CONTENT_LEAK")
    assert [path.name for path in out.iterdir()] == [".visemill"]


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_says_so_and_can_be_resumed(
    visemill: Any, here: Any, corpus: Any, out: Path, stems: Any, signal_number: int
) -> None:
    """Takes up to 25 s on a busy machine: a run is begun, interrupted and resumed, and loads its models twice."""
    corpus.add(*stems(3))
    process = visemill.start("run", *flags_of(corpus, out, "--workers", "1"), "-o", "json")
    wait_for(lambda: bool(landmarks_in(out)), process)
    process.send_signal(signal_number)
    text, _ = process.communicate(timeout=60)
    answer = json.loads(text)
    assert process.returncode == answer["exit_code"] == 130
    assert not answer["finished"]
    assert [path.name for path in out.iterdir()] == [".visemill"]

    status = here.ok("status", "--output-root", out)
    assert not status["finished"]
    resumed = here.ok("resume", "--output-root", out)
    assert resumed["finished"]
    assert resumed["records"] == {"train": 3, "val": 0, "test": 0}
    assert resumed["reused"]["landmarks"] >= 1
