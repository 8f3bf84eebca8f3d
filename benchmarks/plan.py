"""How long a plan of a made-up listing takes, and how much memory: `python benchmarks/plan.py [--clips 1000000]`.

The listing is made while it is read, as a store's is; each row is one step, in the order of `visemill plan`.
Exits 1 when the whole takes more than 30 s of CPU (one thread: its time on a machine with nothing else to
do) or 1 GB of resident memory at its peak.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import sys
import time
from collections.abc import Iterator

from orchestrator.pipelines.catalog import frozen_rows, raise_if_fatal
from orchestrator.pipelines.files import Files
from orchestrator.pipelines.grid.discovery import discover
from orchestrator.pipelines.grid.splits import assign_splits, check_speakers, open_split
from services.base.run.manifest import Manifest, encode_clips
from services.base.store.interface import Entry

LIMIT_S = 30.0
LIMIT_BYTES = 10**9


def made_up_listing(num_clips: int) -> Iterator[Entry]:
    """Pairs of 33 speakers in a store's order, with sizes and times that differ, and an orphan in each thousand."""
    speakers = sorted(f"s{i}" for i in range(1, 35) if i != 21)
    num_each = -(-num_clips // len(speakers))
    for number, speaker in enumerate(speakers):
        num_here = min(num_each, num_clips - number * num_each)
        folder = f"{speaker}_processed"
        for place, suffix, base_bytes in (("align/", ".align", 134), ("", ".mpg", 400_000)):
            for i in range(num_here):
                if suffix == ".align" and i % 1000 == 999:
                    continue
                version = str(1_700_000_000_000_000_000 + number * 10**12 + i * 10**6 + len(suffix))
                yield Entry(f"{folder}/{place}clip{i:06d}{suffix}", base_bytes + i % 5000, version)


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Steps:
    """Prints a row as each step ends."""

    def __init__(self) -> None:
        self.started_s = self.last_s = time.perf_counter()
        self.cpu_s = time.process_time()
        print(f"{'step':<44}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}")

    def ended(self, name: str) -> None:
        now_s, cpu_s = time.perf_counter(), time.process_time()
        print(f"{name:<44}{now_s - self.last_s:8.2f}{cpu_s - self.cpu_s:8.2f}{peak_bytes() / 1e6:9.0f}", flush=True)
        self.last_s, self.cpu_s = now_s, cpu_s


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--num-shards", type=int, default=1024)
    flags = parser.parse_args()
    steps = Steps()
    num_entries = sum(1 for _ in made_up_listing(flags.clips))
    steps.ended(f"(making the listing alone: {num_entries} files)")
    begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
    found = discover(made_up_listing(flags.clips))
    raise_if_fatal(found.problems)
    steps.ended(f"discover {len(found.clips)} clips, {len(found.problems)} problems")
    config = open_split("liptype2-overlapped-255-seed42", Files())
    check_speakers(config, found.speakers())
    splits = assign_splits(found.clips, config)
    steps.ended("split")
    data = encode_clips(frozen_rows(found.clips, splits, flags.num_shards), flags.num_shards)
    steps.ended(f"shard and freeze: {len(data) / 1e6:.0f} MB in {flags.num_shards} shards")
    total_s, total_cpu_s, peak = time.perf_counter() - begin_s, time.process_time() - begin_cpu_s, peak_bytes()
    last = flags.num_shards - 1
    rows = Manifest(data).rows(last)
    steps.ended(f"(a worker reads its shard: {len(rows)} clips)")
    num_read = sum(1 for _ in itertools.islice(Manifest(data), 100_000))
    steps.ended(f"(the first {num_read} clips read back)")
    print(f"plan: {total_cpu_s:.1f} s of CPU ({total_s:.1f} s by the clock) of {LIMIT_S:.0f} s allowed")
    print(f"peak: {peak / 1e6:.0f} MB of {LIMIT_BYTES / 1e6:.0f} MB allowed")
    return 0 if total_cpu_s <= LIMIT_S and peak <= LIMIT_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
