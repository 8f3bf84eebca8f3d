"""What publishing takes of a run with many shards in a folder: `python benchmarks/publish.py [--shards 20000 100000]`.

Every shard has its commit, its facts of quality and its three staged files. A process of its own publishes; its seconds
and its peak of resident memory are told. Exits 1 when that is more than 1 GiB.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from orchestrator.pipelines.grid.pipeline import PIPELINE
from orchestrator.runs.commits.commits import Commits
from orchestrator.runs.publish import publish_whole
from services.base.digest import canonical_json
from services.base.run import paths
from services.base.run.manifest import ClipRow, encode_clips
from services.base.run.sharding import shard_name
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit, run_spec_from_json
from services.base.store.open import open_store

LIMIT_BYTES = 1 << 30
RUN = "many"
SPLITS = ("train", "val", "test")


def make_run(root: Path, num_shards: int, clips_a_shard: int) -> None:
    """A run of which all shards are committed and nothing is published. Written plainly: a store's syncs take hours."""
    keys = [[f"s{shard % 34}/clip{shard:06d}x{i}" for i in range(clips_a_shard)] for shard in range(num_shards)]
    rows = (
        ClipRow(key, key, "s", f"{key}.mpg", SPLITS[i % 3], shard, i, shard * clips_a_shard + i, 400_000, "v")
        for shard, names in enumerate(keys)
        for i, key in enumerate(names)
    )
    clips = encode_clips(rows, num_shards)
    state = root / paths.STATE_DIR
    details = {"mode": "all", "exclude_speakers": [], "compat_order": False, "num_left_out": 0, "speakers": {}}
    stages = (
        PinnedStage("decode", {"max_frames": 75}),
        PinnedStage("landmarks", {"backend": "mediapipe", "mode": "tracked", "num_jitters": 1, "max_gap_frames": 15}),
        PinnedStage("records", {}),
    )
    spec = RunSpec(
        *(RUN, "grid", "d" * 64, stages, "/in", str(root), num_shards, num_shards * clips_a_shard),
        hashlib.sha256(clips).hexdigest(),
        {},
        details,
    )
    _write(state / paths.clips_file(RUN), clips)
    _write(state / paths.run_file(RUN), spec.to_json())
    for shard, names in enumerate(keys):
        outputs = {}
        for split in SPLITS:
            name = f"{split}-{shard_name(shard, num_shards)}.tfrecord"
            data = name.encode()
            _write(root / paths.staged(RUN, name), data)
            facts = {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data), "num_records": 1}
            outputs[name] = facts
        inputs = {key: hashlib.sha256(key.encode()).hexdigest() for key in names}
        records = {split: len(names[i::3]) for i, split in enumerate(SPLITS)}
        counts = {"clips": len(names), "frames": 75 * len(names)}
        done = ShardCommit(shard, spec.digest, outputs, inputs, records, {"decode": 1.0, "wall": 9.0}, counts)
        lines = "".join(canonical_json(quality_of(key, SPLITS[i % 3])) + "\n" for i, key in enumerate(names))
        _write(state / paths.quality_file(RUN, shard, num_shards), lines.encode())
        _write(state / paths.done_file(RUN, shard, num_shards), done.to_json())


def quality_of(key: str, split: str) -> dict[str, object]:
    """As many facts as a clip of GRID has."""
    facts = {f"num_frames_{name}": len(key) + i for i, name in enumerate("abcdefghijklmnopqrst")}
    return {"key": key, "split": split, "flags": [], "label": "bin blue at f two now", **facts}


def publish_here(root: Path) -> None:
    """Publishes and tells what it took, as JSON."""
    state, outputs = open_store(root / paths.STATE_DIR), open_store(root)
    spec = run_spec_from_json(state.read(paths.run_file(RUN)))
    before, before_bytes = resource.getrusage(resource.RUSAGE_SELF), peak_bytes()
    began_s = time.monotonic()
    assert publish_whole(PIPELINE, Commits(spec, state), outputs)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told = {"wall_s": time.monotonic() - began_s, "cpu_s": cpu_s, "peak_bytes": peak_bytes()}
    sys.stdout.write(json.dumps({**told, "before_bytes": before_bytes}) + "\n")


def peak_bytes() -> int:
    """Of this program alone: what getrusage says holds what the process was before it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--clips", type=int, default=5, help="of a shard (default: %(default)s)")
    parser.add_argument("--folder", default="", help="where the runs are made (default: a temporary one)")
    parser.add_argument("--publish", default="", metavar="FOLDER", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.publish:
        publish_here(Path(flags.publish))
        return 0
    print(f"{'shards':>8}{'clips':>9}{'wall s':>9}{'CPU s':>8}{'peak MiB':>10}{'of these at the start':>23}")
    most = 0
    for num_shards in flags.shards:
        with tempfile.TemporaryDirectory(dir=flags.folder or None) as folder:
            make_run(Path(folder), num_shards, flags.clips)
            argv = [sys.executable, __file__, "--publish", folder]
            told = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
        most = max(most, told["peak_bytes"])
        peak, start = told["peak_bytes"] / 2**20, told["before_bytes"] / 2**20
        times = f"{told['wall_s']:9.1f}{told['cpu_s']:8.1f}"
        print(f"{num_shards:8}{num_shards * flags.clips:9}{times}{peak:10.0f}{start:23.0f}", flush=True)
    return 1 if most > LIMIT_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
