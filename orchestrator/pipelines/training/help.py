"""PURE: what commands of a training say of the flags that all pipelines share: of those that mean something to it."""

from __future__ import annotations

from collections.abc import Mapping

_OF_CLIPS = (
    "input_root follow_links dataset output_root max_failures clip_time_s clip_memory_mib ignore_free_space workers "
    "artifact_cache remote parallelism max_indexes workers_device sample deep"
)
TRAINING_HELP: Mapping[str, str] = {
    **dict.fromkeys(_OF_CLIPS.split(), ""),
    "checkpoint_dir": "folder or s3://bucket/prefix of the results; the same training goes on from what is there "
    "(default: checkpoints)",
    "state_root": "where checkpoints and the state of the training are kept (default: .visemill below the results)",
    "run": "name of the training (default: the first 16 digits of its digest)",
    "max_attempts": "generations of ranks in a row that may end without a new checkpoint (default: 3)",
    "cluster": "where ranks run: on this machine, or as a Job on Kubernetes (default: local; $VISEMILL_CLUSTER)",
    "pods_memory_mib": "memory of a pod; 0: 3072",
}
"""Flag, as parsed flags name it -> its help instead of the shared one; empty: the flag is not shown."""
