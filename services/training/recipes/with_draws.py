"""Data of an epoch with what was drawn at random for each of its clips."""

from __future__ import annotations

from collections.abc import Sequence

from services.training.interfaces import Batch, TrainingData
from services.training.lipreading.alphabet import steps_needed
from services.training.lipreading.preparation.draws import Augmentation, draw_clip


class WithDraws:
    """Data whose batches also say what was drawn for each clip: draws, a list of `ClipDraw`."""

    def __init__(self, data: TrainingData, augmentation: Augmentation, steps_per_frame: int) -> None:
        """steps_per_frame: time steps that the network makes of a frame: a clip is not made faster than CTC needs."""
        self._data, self._augmentation, self._steps_per_frame = data, augmentation, steps_per_frame
        self.items, self.digest = data.items, data.digest

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        """As the data give it, and draws. Raises as these do."""
        batch = dict(self._data.read(indices, seed_name))
        batch["draws"] = [
            # Windows of one clip are told apart by their words.
            draw_clip(
                self._augmentation, f"{seed_name}/{key}/{text}", length, -(-steps_needed(text) // self._steps_per_frame)
            )
            for key, text, length in zip(batch["keys"], batch["texts"], batch["lengths_B"].tolist(), strict=True)
        ]
        return batch
