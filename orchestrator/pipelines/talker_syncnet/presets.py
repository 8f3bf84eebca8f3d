"""PURE: named settings of a training of talker-syncnet, between the defaults and what is given."""

from __future__ import annotations

from collections.abc import Mapping

PRESETS: Mapping[str, Mapping[str, object]] = {
    "cpu": {"resolution": "160", "width": 0.25, "num_epochs": 12, "device": "cpu"},
}
"""For machines of a kind."""
