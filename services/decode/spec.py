"""What the decode stage is: its name, its settings, and which of them decide pixels."""

from __future__ import annotations

import dataclasses
from typing import Any

from services.base.stage.spec import StageSpec
from services.containers.config import DecodeConfig

SPEC = StageSpec(
    "decode", 3, DecodeConfig, reads=("media",), writes="frames", libraries=("av", "numpy"), package="services.decode"
)


def key_config(config: DecodeConfig) -> dict[str, Any]:
    """The settings that decide pixels, for the key of an artifact made from them."""
    key: dict[str, Any] = {"max_frames": config.max_frames}
    if config.sampling != "all":
        # Left out where it changes nothing, so that what was keyed before there was sampling is still found.
        key |= {"sampling": config.sampling, "target_fps": config.target_fps}
    return key


def run_config(config: DecodeConfig) -> dict[str, Any]:
    """The settings that decide which clips come out of a run, and with which pixels: all but the size of a chunk."""
    return {name: value for name, value in dataclasses.asdict(config).items() if name != "chunk_bytes"}
