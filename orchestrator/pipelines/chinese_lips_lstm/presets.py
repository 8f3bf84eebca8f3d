"""PURE: named settings of a training of chinese-lips-lstm, between the defaults and what is given."""

from __future__ import annotations

from collections.abc import Mapping

PRESETS: Mapping[str, Mapping[str, object]] = {
    "12gb": {"batch_size": 8, "accumulation_steps": 4, "mixed_precision": True, "batch_frames": 1500},
    "24gb": {
        "batch_size": 16, "accumulation_steps": 2, "frame_height": 128, "frame_width": 128, "mixed_precision": True,
    },
    "cpu": {"batch_size": 2, "mixed_precision": False, "num_workers": 0, "device": "cpu"},
}  # fmt: skip
"""For machines of a kind."""

BASELINES: Mapping[str, Mapping[str, object]] = {
    "seed": {
        "max_frames": 75, "resample": "step", "warmup": "constant", "best_by": "loss", "loss_norm": "batch",
        "unreadable": "zeros", "pad_mask": False,
    },
}  # fmt: skip
"""seed: numbers of the baseline's own trainer, its faults among them."""
