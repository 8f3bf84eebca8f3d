"""Speech features of clips together, as many at once as memory allows: a batch, its halves, a clip in pieces."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from services.base.errors import BadInput, OutOfMemory
from services.base.media.arrays import Float32Array
from services.base.media.features import SpeechFeatures
from services.features.batching.by_steps import FittingRows
from services.features.runtimes.torch import raising_out_of_memory
from services.features.speech.extraction import SpeechExtractor


class FittingExtractor:
    """An extractor whose batches are made to fit, whichever of its networks memory is short for."""

    def __init__(self, extractor: SpeechExtractor, most_steps: int) -> None:
        """most_steps: of a batch with its padding."""
        self._extractor = extractor
        self._rows = FittingRows(most_steps)

    def __call__(self, filterbanks: Sequence[Float32Array], names: Sequence[str]) -> list[SpeechFeatures]:
        """As `SpeechExtractor`; raises what it raises, and BadInput OUT_OF_MEMORY of a clip that does not fit alone."""

        def computed(places: Sequence[int]) -> list[SpeechFeatures]:
            with raising_out_of_memory():
                return self._extractor([filterbanks[i] for i in places], [names[i] for i in places])

        def alone(place: int) -> SpeechFeatures:
            try:
                with self._extractor.networks.in_smaller_pieces():
                    (features,) = computed([place])
            except OutOfMemory as error:
                raise BadInput(
                    "OUT_OF_MEMORY",
                    f"{names[place]} has {len(filterbanks[place])} frames of 20 ms, and in pieces neither do they fit "
                    "into memory: cut it, raise --clip-memory-mib, or take a GPU with more memory",
                    str(error),
                ) from error
            return features

        features, num_splits = self._rows.run(computed, alone, [len(frames) for frames in filterbanks], names[0])
        return [dataclasses.replace(made, num_splits=num_splits) for made in features] if num_splits else features
