"""PURE: named settings of a training of talker-unet, between the defaults and what is given."""

from __future__ import annotations

from collections.abc import Mapping

PRESETS: Mapping[str, Mapping[str, object]] = {
    "cpu": {"resolution": "160", "width": 0.5, "batch_size": 4, "num_epochs": 12, "device": "cpu"},
}
"""For machines of a kind."""
