"""PURE: named settings of a training of chinese-lips-conformer, between the defaults and what is given."""

from __future__ import annotations

from collections.abc import Mapping

PRESETS: Mapping[str, Mapping[str, object]] = {
    "12gb": {"batch_frames": 800, "accumulation_steps": 5},
    "24gb": {"batch_frames": 1600, "accumulation_steps": 3},
    "80gb": {"batch_frames": 6000, "accumulation_steps": 1},
    "cpu": {"size": "small", "batch_frames": 600, "accumulation_steps": 1, "mixed_precision": False, "device": "cpu"},
}
"""For machines of a kind."""
