"""What a file of weights alone is of, told from the names and shapes of its tensors. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch

from services.base.errors import BadConfig
from services.lips.talker_input import SOUND_SHAPES
from services.training.checkpoint.file import first_difference

_WITHIN = "network."
# Any layer has as many at least, however narrow the network is.
_LEAST_CHANNELS = 8
_MOST_DECIMALS = 6


@dataclass(frozen=True)
class Recognised:
    """width: factor on the channels. sound_channels: of the window of sound. resolution: empty: shapes do not say."""

    width: float
    sound_channels: int
    resolution: str = ""


def recognised_unet(weights: Mapping[str, torch.Tensor], file: str) -> Recognised:
    """Raises BadConfig OTHER_NETWORK for weights of something else."""
    inner = _inner(weights)
    first = _tensor(inner, "audio_model.conv1.conv.0.weight", file)
    # At width 1 they have so many channels.
    widths = [(len(_tensor(inner, f"audio_model.bn{i}.weight", file)), num) for i, num in ((5, 512), (3, 256))]
    is_large = any(name.startswith("down5.") for name in inner)
    return Recognised(_width_of(widths, file), first.shape[1], "328" if is_large else "160")


def recognised_syncnet(weights: Mapping[str, torch.Tensor], file: str) -> Recognised:
    """Raises likewise. Its shapes are the same for both resolutions."""
    inner = _inner(weights)
    first = _tensor(inner, "audio_encoder.0.conv_block.0.weight", file)
    last = _tensor(inner, "face_encoder.0.conv_block.0.weight", file)
    widths = [(first.shape[0], 128), (last.shape[0], 32), (_greatest(inner, "audio_encoder."), 512)]
    return Recognised(_width_of(widths, file), first.shape[1])


def asr_of(found: Recognised, asked: str, file: str) -> str:
    """The model of features that the file follows, as far as its shapes say. asked: what the user says it is.

    Raises BadConfig NO_ASR, OTHER_ASR.
    """
    fitting = [name for name, shape in SOUND_SHAPES.items() if shape.channels == found.sound_channels]
    if asked and asked not in fitting:
        raise BadConfig(
            "OTHER_ASR",
            f"{file} takes windows of {found.sound_channels} channels, which are not {asked}'s: its features are of "
            f"{' or '.join(fitting) or 'no model that is known'}",
        )
    if not asked and len(fitting) != 1:
        raise BadConfig(
            "NO_ASR", f"{file} does not say which features it follows: give --asr {', '.join(fitting)} as it was made"
        )
    return asked or fitting[0]


def resolution_of(found: Recognised, asked: str, file: str, usual: str = "328") -> str:
    """asked: what the user says it is. usual: where nobody says. Raises BadConfig OTHER_RESOLUTION."""
    if asked and found.resolution and asked != found.resolution:
        raise BadConfig(
            "OTHER_RESOLUTION", f"{file} is of resolution {found.resolution}, not {asked}: leave --resolution out"
        )
    return found.resolution or asked or usual


def check_weights(own: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor], file: str) -> None:
    """own: of the network that the file is said to be of. Raises BadConfig OTHER_NETWORK, with the first name that is
    missing or has another shape.
    """
    lacking = {name: value for name, value in weights.items() if name in own}
    if differs := first_difference(own, lacking):
        raise BadConfig("OTHER_NETWORK", f"{file} is of another network: {differs}")


def _inner(weights: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    return {name.removeprefix(_WITHIN): value for name, value in weights.items()}


def _tensor(weights: Mapping[str, torch.Tensor], name: str, file: str) -> torch.Tensor:
    found = weights.get(name)
    if found is None or not found.ndim:
        raise BadConfig("OTHER_NETWORK", f"{file} is of another network: it lacks {name}")
    return found


def _greatest(weights: Mapping[str, torch.Tensor], prefix: str) -> int:
    return max((value.shape[0] for name, value in weights.items() if name.startswith(prefix) and value.ndim), default=0)


def _width_of(widths: Iterable[tuple[int, int]], file: str) -> float:
    """widths: (channels there are, at width 1). The factor with the fewest decimals that gives all of them."""
    low, high = 0.0, 1.0
    for found, num in widths:
        low = max(low, 0.0 if found == _LEAST_CHANNELS else (found - 0.5) / num)
        high = min(high, (found + 0.5) / num)
    if low > high:
        raise BadConfig("OTHER_NETWORK", f"{file} is of another network: its channels are of no one width")
    for decimals in range(_MOST_DECIMALS + 1):
        step = 10**decimals
        candidate = max(1, math.ceil(low * step)) / step
        if low <= candidate <= high:
            return candidate
    return (low + high) / 2
