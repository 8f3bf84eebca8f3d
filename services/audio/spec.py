"""What the audio stage is: its name, its settings, and which of them decide samples."""

from __future__ import annotations

import dataclasses
from typing import Any

from services.base.stage.metric import StageMetric
from services.base.stage.spec import ByName, Fingerprint, StageSpec
from services.containers.audio.config import AudioConfig


def key_config(config: AudioConfig) -> dict[str, Any]:
    """The settings that decide samples."""
    return {"sample_rate_hz": config.sample_rate_hz, "channels": config.channels, "resampler": config.resampler}


def run_config(config: AudioConfig) -> dict[str, Any]:
    """Those, and what refuses a clip: all but the size of a chunk."""
    return {name: value for name, value in dataclasses.asdict(config).items() if name != "chunk_samples"}


def fingerprint(config: AudioConfig) -> Fingerprint:
    """What of the config decides bytes."""
    return Fingerprint(key_config(config), run_config(config))


SPEC = StageSpec(
    "audio",
    1,
    AudioConfig,
    reads=("media",),
    writes=("waveform",),
    libraries=("av", "numpy", "soxr"),
    fingerprint=fingerprint,
    opens=ByName("services.audio.stage:open_stage"),
    rpc=ByName("services.audio.rpc"),
    metrics=(
        StageMetric("visemill_audio_seconds", "Seconds of sound decoded.", fact="duration_s"),
        StageMetric("visemill_audio_gap_seconds", "Seconds of silence put where sound was missing.", fact="gap_s"),
        StageMetric("visemill_audio_clipped_samples", "Samples at full scale or beyond it.", fact="num_clipped"),
    ),
    counts=("audio_s",),
)
