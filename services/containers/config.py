"""How a video is read: which frames, and which limits refuse it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, get_args

from services.base.errors import BadConfig
from services.containers.sampling import MAX_TARGET_HZ, Sampling


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class DecodeConfig:
    """Settings of decode. max_frames, sampling and target_fps decide what comes out; the others refuse a clip or bound
    memory.

    Raises ValueError for a value out of range.
    """

    max_frames: int = _setting(
        0, "stop after this many decoded frames (with steady: delivered ones); 0 decodes the whole clip"
    )
    max_pixels: int = _setting(3840 * 2160, "refuse a clip whose frames hold more pixels than this")
    max_decoded_frames: int = _setting(
        200_000, "refuse a clip of more frames than this, unless max_frames stops it first"
    )
    max_duration_s: float = _setting(3600.0, "refuse a clip longer than this, unless max_frames is set")
    chunk_bytes: int = _setting(8 << 20, "most bytes of frames held in one chunk (at least one frame, at most 64)")
    sampling: Sampling = field(
        default="all",
        metadata={
            "help": "which decoded frames are delivered: all, the nearest to a grid of target_fps, decimate, or "
            "steady, which gives one for each point of that grid and holds it where there is none of its own"
        },
    )
    target_fps: float = _setting(0.0, "frames a second that grid, decimate and steady aim at; 0 with all")

    def __post_init__(self) -> None:
        if self.max_frames < 0:
            raise ValueError(f"max_frames must be 0 (all) or more, not {self.max_frames}")
        for name in ("max_pixels", "max_decoded_frames", "max_duration_s", "chunk_bytes"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.max_frames > self.max_decoded_frames:
            raise ValueError(
                f"max_frames {self.max_frames} is over max_decoded_frames {self.max_decoded_frames}: raise the second"
            )
        self._check_sampling()

    def _check_sampling(self) -> None:
        if self.sampling not in get_args(Sampling):
            raise ValueError(f"sampling must be one of {', '.join(get_args(Sampling))}, not {self.sampling!r}")
        if self.sampling == "all":
            if self.target_fps != 0:
                raise ValueError(f"target_fps {self.target_fps} says nothing with sampling all: give another")
        elif not 0 < self.target_fps <= MAX_TARGET_HZ:
            raise ValueError(f"target_fps must be above 0 and at most {MAX_TARGET_HZ}, not {self.target_fps}")


def config_of_call(config: DecodeConfig, sampling: str, target_fps: float) -> DecodeConfig:
    """The config with the sampling that a call asks for; "" leaves it. Raises BadConfig BAD_SETTING."""
    if not sampling:
        return config
    try:
        return dataclasses.replace(config, sampling=sampling, target_fps=target_fps)  # type: ignore[arg-type]
    except ValueError as error:
        raise BadConfig("BAD_SETTING", str(error)) from error


def config_of_clip(config: DecodeConfig, max_frames: int | None) -> DecodeConfig:
    """The config, stopping where a clip's own limit says, if it has one. Raises BadConfig BAD_SETTING."""
    if max_frames is None:
        return config
    try:
        return dataclasses.replace(config, max_frames=max_frames)
    except ValueError as error:
        raise BadConfig("BAD_SETTING", str(error)) from error
