"""Codes of a sample of clips in two number formats, counted where they differ."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from services.base.errors import BadConfig, BadInput
from services.base.media.arrays import Float32Array, Int32Array
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


def changed_codes(
    config: SpeechConfig,
    filterbanks: Sequence[Float32Array],
    how_far: Callable[[str], Callable[[int], object]] | None = None,
) -> ChangedCodes:
    """Both formats compute the same batches on the config's device. A clip that has no features in float32 is left out;
    one that has none in the other format counts as changed throughout.

    how_far: (format) -> what hears how many clips are computed in it. Raises as `open_extractor` does, and BadConfig
    NO_SAMPLE where no clip has features.
    """
    config = dataclasses.replace(config, **settled(config))
    full = _codes(dataclasses.replace(config, dtype="float32"), filterbanks, _hearing(how_far, "float32"))
    other = _codes(config, filterbanks, _hearing(how_far, config.dtype))
    if not full:
        raise BadConfig("NO_SAMPLE", f"none of {len(filterbanks)} clips has features in float32: check the model files")
    num_codes = num_changed = 0
    for full_L, other_L in ((full[i], other.get(i)) for i in sorted(full)):
        num_codes += len(full_L)
        num_changed += len(full_L) if other_L is None else int(np.count_nonzero(full_L != other_L))
    return ChangedCodes(config.dtype, len(full), num_codes, num_changed)


def _hearing(how_far: Callable[[str], Callable[[int], object]] | None, dtype: str) -> Callable[[int], object]:
    return (lambda _: None) if how_far is None else how_far(dtype)


def _codes(
    config: SpeechConfig, filterbanks: Sequence[Float32Array], how_far: Callable[[int], object]
) -> dict[int, Int32Array]:
    """By place, without the clips that have no features in this format."""
    how_far(0)
    extractor = FittingExtractor(open_extractor(config), config.batch_size * STEPS_OF_A_CLIP)
    sizes = [ClipSize(f"{i:08}", len(frames), len(frames) * STEP_S) for i, frames in enumerate(filterbanks)]
    made: dict[int, Int32Array] = {}
    num_done = 0
    for batch in window(config).batches(sizes):
        try:
            made |= _of_batch(extractor, filterbanks, batch)
        except BadInput:
            for place in batch:
                with contextlib.suppress(BadInput):
                    made |= _of_batch(extractor, filterbanks, [place])
        num_done += len(batch)
        how_far(num_done)
    return made


def _of_batch(
    extractor: FittingExtractor, filterbanks: Sequence[Float32Array], places: Sequence[int]
) -> dict[int, Int32Array]:
    found = extractor([filterbanks[i] for i in places], [f"clip {i} of the sample" for i in places])
    return {place: features.codes_L for place, features in zip(places, found, strict=True)}
