"""`visemill status` of a run of many shards: exact where that takes a listing, a share of what takes a read a shard."""

import dataclasses
import json
from pathlib import Path

import pytest

from orchestrator.cli.main import main
from orchestrator.runs.gang.results import settle
from services.base.run import paths
from services.base.run.passes import gang_pass
from services.base.run.spec import PinnedStage, QuarantineEntry, RunSpec, ShardCommit, run_spec_from_json
from services.base.store.open import open_store
from services.base.worker.pass_log import GangWriter

NUM_SHARDS = 100_000
RUN, DIGEST = "many", "d" * 64


def done_json(shard: int) -> bytes:
    return ShardCommit(shard, DIGEST, {}, {}, {"train": 3}, {"wall": 2.0}, num_quarantined=1).to_json()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Every 40th shard is done, 2,500 in all; each has set one clip aside."""
    stages = (PinnedStage("decode"),)
    spec = RunSpec(RUN, "grid", DIGEST, stages, "in", str(tmp_path), NUM_SHARDS, 4 * NUM_SHARDS, "0" * 64, {})
    line = QuarantineEntry("k", "m", "train", "BAD_INPUT", "NO_FACE", "none").to_json()
    files = {paths.run_file(RUN): spec.to_json(), "output.json": json.dumps({"run": RUN, "digest": DIGEST}).encode()}
    for shard in range(0, NUM_SHARDS, 40):
        files[paths.done_file(RUN, shard, NUM_SHARDS)] = done_json(shard)
        files[paths.quarantine_file(RUN, shard, NUM_SHARDS)] = f"{line}\n".encode()
    for name, data in files.items():
        path = tmp_path / paths.STATE_DIR / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


@pytest.mark.parametrize(("flags", "counted"), [([], 834), (["--whole"], 2500)])
def test_shards_are_counted_exactly_and_commits_by_a_share_unless_all_are_asked_for(output, capsys, flags, counted):
    assert main(["status", "--output-root", str(output), "-o", "json", *flags]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["shards"] == {"done": 2500, "total": NUM_SHARDS}
    assert data["counted"] == {"done": counted, "quarantine": counted}
    assert data["records"]["train"] == 3 * counted
    assert (data["quarantined"], data["reasons"]) == (counted, {"NO_FACE": counted})
    assert data["worker_s"] == 2.0 * counted


def test_a_share_is_said_to_be_one(output, capsys):
    assert main(["status", "--output-root", str(output)]) == 0
    said = capsys.readouterr().out
    assert "2500 of 100000 shards\n" in said
    assert "(in 834 of 2500 shards); --whole counts in all" in said


def test_a_run_that_is_not_finished_is_carried_on_by_the_command_that_is_told(output, capsys):
    assert main(["status", "--output-root", str(output)]) == 0
    assert f"unless it is being written: visemill resume --output-root {output}\n" in capsys.readouterr().out


def test_gang_passes_are_told_beside_the_shards(output, capsys):
    state = open_store(output / paths.STATE_DIR)
    spec = run_spec_from_json(state.read(paths.run_file(RUN)))
    gangs = tuple(gang_pass(name, "toy", 2, {}, spec.passes) for name in ("train", "tune"))
    state.put(paths.run_file(RUN), dataclasses.replace(spec, gangs=gangs).to_json())
    writer = GangWriter(state, open_store(output), RUN, "train", 1)
    writer.checkpoint(5, b"five")
    assert main(["status", "--output-root", str(output)]) == 0
    said = capsys.readouterr().out
    assert "  pass train: not finished; last checkpoint at step 5, 2 ranks, generation 1\n" in said
    assert "  pass tune: not finished; last checkpoint at step 0, 2 ranks, generation 0\n" in said
    writer = GangWriter(state, open_store(output), RUN, "train", 2, num_ranks=1)
    assert main(["status", "--output-root", str(output)]) == 0
    said = capsys.readouterr().out
    assert "  pass train: not finished; last checkpoint at step 5, 1 of 2 ranks, generation 2\n" in said
    writer.finish(9)
    assert settle(dataclasses.replace(spec, gangs=gangs), gangs[0], state, open_store(output))
    assert main(["status", "--output-root", str(output), "-o", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [(one["pass"], one["finished"], one["step"]) for one in data["passes"]] == [
        ("train", True, 9),
        ("tune", False, 0),
    ]
    assert data["finished"] is False


def test_a_clip_is_one_line_whatever_its_name(output, capsys):
    command = "visemill reproduce --clip 'a\nb'"
    line = QuarantineEntry("a\nb\x1b[2J", "m", "train", "BAD_INPUT", "NO_FACE", "none\nat all", reproduce=command)
    (output / paths.STATE_DIR / paths.quarantine_file(RUN, 0, NUM_SHARDS)).write_text(f"{line.to_json()}\n")
    assert main(["status", "--output-root", str(output), "--quarantine"]) == 0
    said = capsys.readouterr().out
    assert "\n  a\\nb\\x1b[2J: NO_FACE: none\\nat all\n      visemill reproduce --clip 'a'$'\\n''b'\n" in said
