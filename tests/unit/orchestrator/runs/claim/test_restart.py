"""An output that is made anew loses what its runs wrote, and nothing else; a restart that is killed is given again."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from orchestrator.runs.claim.claim import CLAIM, Claim, claim_of
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.claim.restart import restart
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.manifest import ClipRow, encode_clips
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit
from services.base.store.local.folder import LocalFolder

CONTENT = b"made"


class Output:
    """A folder with finished runs, and files of somebody else."""

    def __init__(self, root: Path, *runs: str) -> None:
        self.outputs, self.state = LocalFolder(root), LocalFolder(root / paths.STATE_DIR)
        for run in runs:
            self._finished(run, str(root))
        self.outputs.put("notes.txt", b"mine")
        self.state.put("artifacts/landmarks/ab/ab", b"kept")
        if runs:
            self.outputs.put(CLAIM, json.dumps(asdict(Claim(runs[-1], "d", "", runs[:-1]))).encode())

    def _finished(self, run: str, root: str) -> None:
        clips = encode_clips([ClipRow("k", "k", "", "k.mp4", "train", 0, 0, 0, 1, "v")], 1)
        spec = RunSpec(
            run, "talker", "d" * 64, (PinnedStage("decode"),), "/in", root, 1, 1, hashlib.sha256(clips).hexdigest(), {}
        )
        facts = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "size_bytes": len(CONTENT), "num_records": 1}
        commit = ShardCommit(0, spec.digest, {f"{run}.npy": facts}, {"k": "0"}, {"train": 1}, {})
        self.state.put(paths.clips_file(run), clips)
        self.state.put(paths.problems_file(run), b"")
        self.state.put(paths.run_file(run), spec.to_json())
        self.state.put(paths.done_file(run, 0, 1), commit.to_json())
        self.state.put(paths.finished_file(run), b"{}")
        self.outputs.put(f"{run}.npy", CONTENT)
        self.outputs.put(paths.staged(run, "left.npy"), CONTENT)

    def names(self) -> set[str]:
        return {entry.name for entry in self.outputs.list() if not entry.name.endswith("/lease")}


def test_the_files_of_all_runs_go_and_others_stay(tmp_path: Path) -> None:
    output = Output(tmp_path, "first", "second")
    assert restart(output.state, output.outputs, "third") == 2
    assert output.names() == {"notes.txt", f"{paths.STATE_DIR}/artifacts/landmarks/ab/ab"}
    assert claim_of(output.outputs) is None


def test_an_output_of_nobody_is_left_alone(tmp_path: Path) -> None:
    output = Output(tmp_path)
    assert restart(output.state, output.outputs, "third") == 0
    assert "notes.txt" in output.names()


def test_one_that_was_killed_is_given_again(tmp_path: Path) -> None:
    output = Output(tmp_path, "first", "second")
    output.state.delete_prefix(f"{paths.run_dir('first')}/")
    assert restart(output.state, output.outputs, "third") == 1
    assert claim_of(output.outputs) is None


def test_an_output_at_work_is_refused(tmp_path: Path) -> None:
    output = Output(tmp_path, "first")
    with Lease(output.outputs.uri, "first"), pytest.raises(BadConfig, match="OUTPUT_IN_USE"):
        restart(output.state, output.outputs, "third")
    assert "first.npy" in output.names()
