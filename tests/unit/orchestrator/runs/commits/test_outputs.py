"""Output files of commits: of many there is a listing beside the commit, and little of it is held at a time."""

import gc
import hashlib
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.pipelines.grid.pipeline import PIPELINE
from orchestrator.runs.commits.commits import Commits
from orchestrator.runs.commits.outputs import FileTable, files_of_commit, missing_outputs
from orchestrator.runs.publish import publish_whole
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.listing import Listing, listing_lines
from services.base.run.manifest import ClipRow, encode_clips
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit, shard_commit_from_json
from services.base.store.interface import Store
from services.base.store.local.folder import LocalFolder

PLAIN = replace(PIPELINE, summary_files=lambda made: {"meta.json": [b"made"]})
FEW, MANY = 500, 5_000
# As dictionaries in memory the names and facts of a file took about 700 bytes.
MOST_BYTES_A_FILE = 20


@pytest.fixture(autouse=True)
def no_syncs(monkeypatch):
    """Nothing here survives a power cut, nor need it."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def facts_of(content: bytes) -> dict[str, object]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content), "num_records": 1}


CONTENT = b"samples"
FACTS = facts_of(CONTENT)


class OneShard:
    """A run of one clip and one shard of many files, committed and not published: links to one file, which are made
    faster than files.
    """

    def __init__(self, root: Path, num_files: int) -> None:
        root.mkdir(exist_ok=True)
        self.outputs: Store = LocalFolder(root)
        self.state: Store = LocalFolder(root / paths.STATE_DIR)
        clips = encode_clips([ClipRow("k", "k", "", "k.mp4", "train", 0, 0, 0, 1, "v")], 1)
        stages = (PinnedStage("decode"),)
        digest = hashlib.sha256(clips).hexdigest()
        self.spec = RunSpec("r", "grid", "d" * 64, stages, "/in", str(root), 1, 1, digest, {})
        names = [f"k/{i // 100:03d}/{i:05d}.npy" for i in range(num_files)]
        staged = root / paths.staged("r", "")
        for i in range(0, num_files, 100):
            (staged / f"k/{i // 100:03d}").mkdir(parents=True)
        (root.parent / f"{root.name}.npy").write_bytes(CONTENT)
        for name in names:
            os.link(root.parent / f"{root.name}.npy", staged / name)
        files = dict.fromkeys(names, FACTS)
        listing = Listing.of(files)
        self.listing_name = paths.listing_file("r", 0, 1, listing.sha256)
        self.done = ShardCommit(0, "d" * 64, {}, {"k": "0" * 64}, {"train": 1}, {"wall": 1.0}, listing=listing)
        self.state.put(paths.clips_file("r"), clips)
        self.state.put(paths.run_file("r"), self.spec.to_json())
        self.state.put(paths.quality_file("r", 0, 1), b'{"key":"k","split":"train"}\n')
        self.state.put(self.listing_name, b"".join(listing_lines(files)))
        self.state.put(paths.done_file("r", 0, 1), self.done.to_json())

    def publish(self) -> int:
        """Peak of Python's memory meanwhile, in bytes."""
        gc.collect()
        gc.freeze()
        tracemalloc.start()
        try:
            assert publish_whole(PLAIN, Commits(self.spec, self.state), self.outputs)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            gc.unfreeze()


@pytest.mark.usefixtures("room_for_names")
def test_memory_does_not_grow_with_the_files_of_a_shard(tmp_path):
    """5,000 small files and a tenth of them go through a real folder; every allocation is traced, for which it takes
    some seconds.
    """
    few, many = OneShard(tmp_path / "few", FEW), OneShard(tmp_path / "many", MANY)
    few_bytes, many_bytes = few.publish(), many.publish()
    assert (many_bytes - few_bytes) / (MANY - FEW) < MOST_BYTES_A_FILE
    there = Counter(entry.name.rpartition(".")[2] for entry in many.outputs.list("k/"))
    assert there == {"npy": MANY}
    assert many.outputs.read("k/049/04999.npy") == CONTENT
    assert len(many.done.to_json()) < 1000, "a commit is as small as ever"
    assert not [entry.name for entry in many.outputs.list(f"{paths.STATE_DIR}/staging/")]


@pytest.fixture
def shard(tmp_path) -> OneShard:
    return OneShard(tmp_path / "out", 7)


def test_a_listing_is_read_as_it_was_written(shard):
    names = [f"k/000/{i:05d}.npy" for i in range(7)]
    assert list(files_of_commit(shard.spec, shard.state, shard.done)) == [(name, FACTS) for name in names]
    assert shard.done.output_bytes == 7 * len(CONTENT)
    assert shard_commit_from_json(shard.done.to_json()) == shard.done


def test_a_commit_of_few_files_names_them(shard):
    done = ShardCommit(0, "d", {"b": facts_of(b"b"), "a": facts_of(b"a")}, {}, {}, {})
    assert list(files_of_commit(shard.spec, shard.state, done)) == [("a", facts_of(b"a")), ("b", facts_of(b"b"))]
    with pytest.raises(ValueError, match="names 1 outputs beside their listing"):
        replace(shard.done, outputs={"a": facts_of(b"a")})


@pytest.mark.parametrize("end", ["", "lost", "cut", "twice", "torn"])
def test_another_listing_than_the_committed_one_is_refused_with_the_remedy(shard, end):
    data = shard.state.read(shard.listing_name)
    others = {"": b"", "cut": data[: data.index(b"\n") + 1], "twice": data + data, "torn": data[:-9]}
    if end == "lost":
        shard.state.delete(shard.listing_name)
    else:
        shard.state.put(shard.listing_name, others[end])
    with pytest.raises(BadConfig, match=r"BAD_LISTING.*delete .*done\.json there and resume"):
        list(files_of_commit(shard.spec, shard.state, shard.done))
    with pytest.raises(BadConfig, match="BAD_LISTING"):
        publish_whole(PLAIN, Commits(shard.spec, shard.state), shard.outputs)
    assert not list(shard.outputs.list("k/")), "nothing has been published"


def test_a_shard_is_made_again_when_one_of_its_files_is_lost(shard):
    assert missing_outputs(shard.spec, shard.state, shard.outputs, [shard.done]) == []
    assert missing_outputs(shard.spec, shard.state, shard.outputs, [shard.done], or_staged=False) == [0]
    shard.outputs.delete(paths.staged("r", "k/000/00003.npy"))
    assert missing_outputs(shard.spec, shard.state, shard.outputs, [shard.done]) == [0]
    shard.outputs.put("k/000/00003.npy", b"of quite another size")
    assert missing_outputs(shard.spec, shard.state, shard.outputs, [shard.done]) == [0]
    shard.outputs.put("k/000/00003.npy", CONTENT)
    assert missing_outputs(shard.spec, shard.state, shard.outputs, [shard.done]) == []
    assert publish_whole(PLAIN, Commits(shard.spec, shard.state), shard.outputs) is True
    assert publish_whole(PLAIN, Commits(shard.spec, shard.state), shard.outputs) is None, "nothing is left to do"


def test_the_last_of_several_files_of_one_name_counts():
    with FileTable() as files:
        files.add(0, [("b", facts_of(b"b")), ("a", facts_of(b"a"))])
        files.add(1, [("a", facts_of(b"another"))])
        assert [(file.name, file.source) for file in files] == [("b", 0), ("a", 1)]
        assert (len(files), files.source_of("a"), files.source_of("c")) == (2, 1, None)


def test_names_come_sorted_and_are_looked_up_one_by_one():
    with FileTable() as files:
        files.add(0, [(name, facts_of(b"")) for name in ("b", "a/c", "ä", "B")])
        assert list(files.names()) == ["B", "a/c", "b", "ä"]
        assert "a/c" in files and "a" not in files


def test_a_full_temporary_folder_is_an_answer_with_a_remedy():
    """Files of 64 KiB stand in for a disk with as much room."""
    code = """
import resource, signal
from orchestrator.runs.commits.outputs import FileTable
from services.base.errors import Transient
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
facts = {"sha256": "0" * 64, "size_bytes": 1}
try:
    with FileTable() as files:
        files.add(0, ((f"k/{i:09}.npy", facts) for i in range(100_000)))
except Transient as error:
    print(error.reason, error.exit_code, "TMPDIR" in error.message)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("NO_SPACE 75 True\n", 0), done.stderr
