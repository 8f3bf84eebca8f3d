"""Where things lie in a state root and an output root. Pure: names only."""

from __future__ import annotations

import hashlib

from services.base.run.sharding import shard_name

MOST_NAME_BYTES = 255
STATE_DIR = ".visemill"
DONE = "done.json"
QUARANTINE = "quarantine.jsonl"
ACCEPTED = "fixed.json"
# Of an output root: which run it holds.
CLAIM = f"{STATE_DIR}/output.json"
# Of a root that holds named data sets: a file for each, called by its name.
DATASETS = f"{STATE_DIR}/datasets/"


def short_name(stem: str, ending: str = "") -> str:
    """The stem with the ending where a file may be called so; else cut, with a digest of the whole stem in between.

    Linux takes names of 255 bytes: a clip's own name may be as long, and what is made from it is longer.
    """
    name = stem.encode() + ending.encode()
    if len(name) <= MOST_NAME_BYTES:
        return stem + ending
    tail = f"-{hashlib.sha256(stem.encode()).hexdigest()[:16]}{ending}"
    kept = stem.encode()[: MOST_NAME_BYTES - len(tail.encode())]
    return kept.decode(errors="ignore") + tail


def run_dir(run: str) -> str:
    return f"runs/{run}"


def run_file(run: str) -> str:
    """The pinned spec of a run."""
    return f"runs/{run}/run.json"


def clips_file(run: str) -> str:
    """The frozen list of clips of a run."""
    return f"runs/{run}/clips.parquet"


def problems_file(run: str) -> str:
    """What planning found wrong with the data set, as quarantine lines."""
    return f"runs/{run}/problems.jsonl"


def shard_dir(run: str, shard: int, num_shards: int) -> str:
    return f"runs/{run}/shards/{shard_name(shard, num_shards)}"


def done_file(run: str, shard: int, num_shards: int) -> str:
    """Written last: the commit of a shard."""
    return f"{shard_dir(run, shard, num_shards)}/{DONE}"


def quarantine_file(run: str, shard: int, num_shards: int) -> str:
    return f"{shard_dir(run, shard, num_shards)}/{QUARANTINE}"


def accepted_changes_file(run: str, shard: int, num_shards: int) -> str:
    """Input files that a retry took in though they are not as the frozen list has them: name -> [size, version]."""
    return f"{shard_dir(run, shard, num_shards)}/{ACCEPTED}"


def quality_file(run: str, shard: int, num_shards: int) -> str:
    return f"{shard_dir(run, shard, num_shards)}/quality.jsonl"


def sidecar_file(run: str, key: str, name: str) -> str:
    """A small file about one clip, such as a preview picture."""
    folder = "/".join(short_name(part) for part in key.split("/"))
    return f"runs/{run}/sidecars/{folder}/{name}"


def listing_file(run: str, shard: int, num_shards: int, sha256: str) -> str:
    """The output files of a shard, where they are too many for its commit. Named by its digest: no attempt at the shard
    writes over what another has committed.
    """
    return f"{shard_dir(run, shard, num_shards)}/outputs-{sha256[:16]}.jsonl"


def list_file(run: str, name: str) -> str:
    """A list of shards that is too long for a command line."""
    return f"runs/{run}/jobs/{name}"


def pass_dir(run: str, pass_name: str) -> str:
    """All that a gang pass keeps; a map pass is the run's shards."""
    return f"runs/{run}/passes/{pass_name}"


def pass_log_file(run: str, pass_name: str, number: int) -> str:
    """An entry of the log of a gang pass, counted from 1."""
    return f"{pass_dir(run, pass_name)}/log/{number:08d}.json"


def checkpoint_file(run: str, pass_name: str, file: str) -> str:
    """A file that the log of a gang pass names, or will."""
    return f"{pass_dir(run, pass_name)}/checkpoints/{file}"


def pass_metrics_file(run: str, pass_name: str) -> str:
    """What the ranks have measured up to their newest checkpoint, a JSON object a line."""
    return f"{pass_dir(run, pass_name)}/metrics.jsonl"


def pass_finished_file(run: str, pass_name: str) -> str:
    """Written when the result of a gang pass is published: its completion marker."""
    return f"{pass_dir(run, pass_name)}/finished.json"


def finished_file(run: str) -> str:
    """Written when the output tree is complete."""
    return f"runs/{run}/finished.json"


def staged(run: str, name: str) -> str:
    """Where an output waits, below the output root, until the run is finished."""
    return f"{STATE_DIR}/staging/{run}/{name}"


def staged_result(run: str, pass_name: str, attempt: str = "", name: str = "") -> str:
    """Where a generation of a gang puts an output, below the output root, until its result is published."""
    folder = f"{STATE_DIR}/results/{run}/{pass_name}/"
    return f"{folder}{attempt}/{name}" if attempt else folder


def artifact_file(stage: str, key: str) -> str:
    return f"artifacts/{stage}/{key[:2]}/{key}"
