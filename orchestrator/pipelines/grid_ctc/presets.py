"""PURE: named settings of a training of grid-ctc, for machines and data sets of a kind: between the defaults and what
is given.

A micro-batch of a GPU is bound by its memory: of size full a frame leaves 1.3 MB of activations with the encoder lstm
and 1.6 MB with the conformer in fp32, and half of that in fp16 or bf16. Both presets for GPUs make steps of 4,800
frames, so that they learn alike; weights, AdamW and its moments take 0.2 GB.

They are for the whole of GRID: of the thousand clips of one speaker an epoch is then 15 steps. What learns from so few
takes small steps, many of them, and drops more.
"""

from __future__ import annotations

from collections.abc import Mapping

PRESETS: Mapping[str, Mapping[str, object]] = {
    "cpu": {
        "size": "tiny", "precision": "fp32", "batch_frames": 600, "accumulation_steps": 2, "num_ranks": 2,
        "num_epochs": 40,
    },
    # Cards of 12 GB are of kinds that compute in fp16 and not in bf16, too.
    "12gb": {"size": "full", "precision": "fp16", "batch_frames": 2400, "accumulation_steps": 2, "num_workers": 4},
    "24gb": {"size": "full", "precision": "bf16", "batch_frames": 4800, "accumulation_steps": 1, "num_workers": 4},
    "one-speaker": {
        "size": "full", "precision": "bf16", "batch_frames": 600, "accumulation_steps": 1, "num_workers": 4,
        "num_epochs": 250, "dropout": 0.3,
    },
}  # fmt: skip
