"""What the decode stage is: its name, its settings, and which of them decide pixels."""

from __future__ import annotations

import dataclasses
from typing import Any

from services.base.stage.metric import StageMetric
from services.base.stage.spec import ByName, Fingerprint, StageSpec
from services.containers.config import DecodeConfig


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


def fingerprint(config: DecodeConfig) -> Fingerprint:
    """What of the config decides bytes."""
    return Fingerprint(key_config(config), run_config(config))


SPEC = StageSpec(
    "decode",
    3,
    DecodeConfig,
    reads=("media",),
    writes=("frames",),
    libraries=("av", "numpy"),
    fingerprint=fingerprint,
    opens=ByName("services.decode.stage:open_stage"),
    rpc=ByName("services.decode.rpc"),
    metrics=(StageMetric("visemill_frames", "Frames decoded.", fact="num_frames"),),
    counts=("frames",),
)
