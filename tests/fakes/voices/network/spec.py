"""What the stage is: the small network of sequences, on padded batches of a window or clip by clip."""

from dataclasses import dataclass

import numpy as np

from services.base.stage.spec import ByName, StageSpec
from services.base.stage.window import ClipSize
from services.features.batching.by_length import window_by_length


@dataclass(frozen=True)
class Voices:
    """vectors_TD: float32 [T, 128]. num_together: clips that were computed at once."""

    vectors_TD: np.ndarray
    num_together: int


@dataclass(frozen=True)
class VoicesConfig:
    batching: str = "padded"
    budget_steps: int = 400
    num_clips: int = 4
    # Processes that decode; they decide no bytes.
    num_decoders: int = 1
    # A network that is given a sequence of so many steps dies.
    deadly_steps: int = 0
    # A file that gets a line for each batch.
    journal: str = ""


def size(key, artifacts):
    return ClipSize(key, len(artifacts["bands"].levels_TC), artifacts["bands"].duration_s)


def window(config):
    if config.batching != "padded":
        return None
    return window_by_length(config.budget_steps, size, config.num_clips, num_decoders=config.num_decoders)


SPEC = StageSpec(
    "voices",
    1,
    VoicesConfig,
    reads=("bands",),
    writes=("voices",),
    opens=ByName("voices.network.stage:open_stage"),
    artifacts={"voices": Voices},
    window=window,
)
