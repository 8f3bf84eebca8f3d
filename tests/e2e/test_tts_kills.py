"""A run of `tts` whose processes are killed is carried on to the bytes of one that nobody touched.

Takes most of a minute of a processor: five commands load the libraries of every stage. Networks are tiny; what is
killed are real processes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tts_corpus import tiny_config, tokenizer, write_manifest
from tts_media import SAID, encoded, speech

pytestmark = pytest.mark.slow

NUM_CLIPS, NUM_SHARDS = 48, 24
LIMIT_S = 300
# What any import of it would leave behind.
TORCHAUDIO = """
import pathlib
pathlib.Path({witness!r}).touch()
raise ImportError("TorchCodec is required for load_with_torchcodec")
"""


@dataclass(frozen=True)
class Corpus:
    """folder: of the manifest and the audio. words: of the run, without its manifest and its output. config: that it
    names. witness: there once somebody imports torchaudio.
    """

    folder: Path
    words: list[object]
    config: Path
    witness: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def corpus(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("corpus")
    for i in range(4):
        (folder / f"{i}.wav").write_bytes(encoded(speech(testdata, 0.5 + i / 10)))
    lines = [
        {"id": f"a/{i:02}", "text": SAID, "audio": f"{i % 4}.wav", "speaker": f"s{i % 3}"} for i in range(NUM_CLIPS)
    ]
    write_manifest(folder / "manifest.jsonl", lines)
    config, witness = tiny_config(folder), folder / "imported"
    library = folder / "library" / "torchaudio"
    library.mkdir(parents=True)
    (library / "__init__.py").write_text(TORCHAUDIO.format(witness=str(witness)))
    words: list[object] = ["run", "tts", "--tokenizer", tokenizer(testdata), "--config", config]
    words += ["--num-shards", NUM_SHARDS, "--val-count", 5, "--quiet"]
    return Corpus(folder, words, config, witness, {"PYTHONPATH": str(library.parent)})


@pytest.fixture(scope="module")
def whole(corpus: Corpus, visemill_in: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of one process that is left alone."""
    out = tmp_path_factory.mktemp("whole") / "out"
    words = [*corpus.words, "--manifest", corpus.folder / "manifest.jsonl", "--output-dir", out]
    visemill_in(corpus.environment).ok(*words, "--workers", 1, "--batch-size", 1)
    return out


@pytest.fixture(scope="module")
def killed(corpus: Corpus, visemill_in: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a run by two processes, of which first a child and then the orchestrator were killed."""
    out = tmp_path_factory.mktemp("killed") / "out"
    words = [*corpus.words, "--manifest", corpus.folder / "manifest.jsonl", "--output-dir", out]
    words += ["--workers", 2, "--batch-size", 2]
    process = visemill_in(corpus.environment).start(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: grandchildren(process.pid), "no worker has started a child")
        for pid in grandchildren(process.pid)[:1]:
            os.kill(pid, signal.SIGKILL)
        until(lambda: num_done(out) > 0, "nothing was done after a child was killed")
        workers = children(process.pid)
        until(lambda: not zombies([process.pid, *workers]), "a killed child stays defunct")
        assert process.poll() is None, "the run was over before it could be killed"
        process.kill()
        process.wait()
        until(lambda: not any(is_alive(pid) for pid in workers), "workers outlive the run that started them")
    finally:
        process.kill()
        process.wait()
    assert num_done(out) < NUM_SHARDS
    return out


def until(holds: Callable[[], object], otherwise: str) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < end_s, otherwise
        time.sleep(0.02)


def stat_of(pid: int) -> tuple[str, int]:
    """(state, parent) of a process; of one that is gone ("X", 0)."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return "X", 0
    return state, int(parent)


def children(parent: int, states: str = "RSDTtI") -> list[int]:
    pids = sorted(int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [pid for pid in pids if (found := stat_of(pid))[1] == parent and found[0] in states]


def grandchildren(parent: int) -> list[int]:
    return [pid for child in children(parent) for pid in children(child)]


def zombies(parents: list[int]) -> list[int]:
    return [pid for parent in parents for pid in children(parent, "Z")]


def is_alive(pid: int) -> bool:
    return stat_of(pid)[0] not in "XZ"


def num_done(out: Path) -> int:
    return len(list(out.glob(".visemill/runs/*/shards/*/done.json")))


def test_the_preprocessor_hangs_its_workers_defunct(killed: Path, corpus: Corpus, here: Any) -> None:
    """A killed child is waited for and its clip tried again; the workers of a killed run end by themselves."""
    assert not (killed / "meta.json").exists()
    answer = here.ok("status", "--output-root", killed)
    assert not answer["finished"]


def test_extraction_by_several_processes_writes_clips_twice(
    killed: Path, whole: Path, corpus: Corpus, here: Any, visemill_in: Any, tree_digest: Any
) -> None:
    """Another config is refused, with what differs; with its own the run ends, and has each clip once, in order."""
    before = corpus.config.read_text()
    corpus.config.write_text(before + "# another one\n")
    changed = here.run("resume", "--output-root", killed, "--quiet")
    corpus.config.write_text(before)
    assert changed.code == 78 and "config" in changed.data["why"], changed.text

    visemill_in(corpus.environment).ok("resume", "--output-root", killed, "--quiet", "--workers", 2)
    assert tree_digest(killed) == tree_digest(whole)
    lines = [line for name in ("train", "val") for line in (killed / f"{name}_manifest.jsonl").read_text().splitlines()]
    assert len(lines) == len(set(lines)) == NUM_CLIPS
    assert not list(killed.glob("*.visemill-tmp-*"))


def test_a_corpus_in_a_bucket_becomes_an_output_in_a_bucket_though_the_run_is_killed(
    s3_server: Any, whole: Path, corpus: Corpus, visemill_in: Any
) -> None:
    bucket, client = s3_server.new_bucket(), s3_server.client()
    for path in (corpus.folder / "manifest.jsonl", *corpus.folder.glob("*.wav")):
        client.fput_object(bucket, f"corpus/{path.name}", str(path))

    def names(end: str) -> list[str]:
        found = (entry.object_name for entry in client.list_objects(bucket, "out/", recursive=True))
        return [name for name in found if name.endswith(end)]

    on_s3, out = visemill_in(s3_server.environment()), f"s3://{bucket}/out"
    words = [*corpus.words, "--manifest", f"s3://{bucket}/corpus/manifest.jsonl", "--output-dir", out]
    process = on_s3.start(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: names("/done.json") or process.poll() is not None, "nothing was done")
    finally:
        process.kill()
        process.wait()
    assert 0 < len(names("/done.json")) < NUM_SHARDS and not names("out/meta.json")

    on_s3.ok("resume", "--output-root", out, "--quiet")
    published = [name for name in names("") if not name.startswith("out/.visemill/")]
    found = {name.removeprefix("out/"): client.get_object(bucket, name).data for name in published}
    files = [path for path in whole.rglob("*") if path.is_file() and ".visemill" not in path.parts]
    assert found == {str(path.relative_to(whole)): path.read_bytes() for path in files}


def test_audio_no_longer_loads_with_torchaudio_2_9(whole: Path, corpus: Corpus) -> None:
    """It is not asked for: no process of a run imports it, even where there is one."""
    assert len(list((whole / "codes").rglob("*.npy"))) == NUM_CLIPS
    assert not corpus.witness.exists()
