"""Codes of a sample of clips in two number formats, counted where they differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array
from services.base.media.features import SpeechFeatures
from services.base.stage.window import ClipSize
from services.features.tts.fitting import FittingExtractor
from services.features.tts.opening import open_extractor
from services.features.tts.spec import STEP_S, STEPS_OF_A_CLIP, SpeechConfig, settled, window

MOST_CHANGED = 0.01
NUM_CLIPS = 200


@dataclass(frozen=True)
class ChangedCodes:
    """Of num_codes codes of num_clips clips, num_changed are others in dtype than in float32."""

    dtype: str
    num_clips: int
    num_codes: int
    num_changed: int

    @property
    def share(self) -> float:
        """0 to 1; 0 of no code."""
        return self.num_changed / self.num_codes if self.num_codes else 0.0

    def check(self, most: float = MOST_CHANGED) -> None:
        """Raises BadConfig DTYPE_INEXACT for a larger share."""
        if self.share > most:
            raise BadConfig(
                "DTYPE_INEXACT",
                f"--dtype {self.dtype} changes {self.num_changed} of {self.num_codes} codes ({self.share:.2%}) on a "
                f"sample of {self.num_clips} clips, and {most:.0%} is the most: take --dtype float32",
            )


def changed_codes(config: SpeechConfig, filterbanks: Sequence[Float32Array]) -> ChangedCodes:
    """Both formats compute the same batches on the config's device. Raises as `open_extractor` and `FittingExtractor`
    do.
    """
    config = dataclasses.replace(config, **settled(config))
    full = _codes(dataclasses.replace(config, dtype="float32"), filterbanks)
    other = _codes(config, filterbanks)
    num_changed = sum(int(np.count_nonzero(a != b)) for a, b in zip(full, other, strict=True))
    return ChangedCodes(config.dtype, len(filterbanks), sum(map(len, full)), num_changed)


def _codes(config: SpeechConfig, filterbanks: Sequence[Float32Array]) -> list[np.ndarray]:
    extractor = FittingExtractor(open_extractor(config), config.batch_size * STEPS_OF_A_CLIP)
    sizes = [ClipSize(f"{i:08}", len(frames), len(frames) * STEP_S) for i, frames in enumerate(filterbanks)]
    made: dict[int, SpeechFeatures] = {}
    for batch in window(config).batches(sizes):
        made |= zip(batch, extractor([filterbanks[i] for i in batch], [sizes[i].key for i in batch]), strict=True)
    return [made[i].codes_L for i in range(len(filterbanks))]
