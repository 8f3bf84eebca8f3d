"""What w2v-BERT hears: log mel filterbanks of a waveform, frames stacked by two, by transformers' extractor."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array
from services.base.media.features import num_stacked_frames

RATE_HZ: Final = 16_000
NUM_BINS: Final = 80
STACKED: Final = 2
_FRAME, _HOP = 400, 160
# Of the voice's conditioning: its front is a 3 x 3 convolution of stride 2, and its table has 5,000 positions.
MIN_FRAMES: Final = 3
MAX_FRAMES: Final = 10_001

# Transformers imports these with its extractors and models where they are installed. One that was built for another
# torch would end the stage, which asks for neither.
_NOT_NEEDED = ("torchaudio", "soundfile")


def num_frames(num_samples: int) -> int:
    """Stacked frames of that many samples at RATE_HZ: 49.9 a second, of whole pairs of frames alone.

    This is the true length of a clip's codes, where the original writes that of the longest clip of its batch.
    """
    return num_stacked_frames(num_samples)


def check_length(num_frames: int, name: str) -> None:
    """Raises BadInput TOO_SHORT or TOO_LONG, where there are no features of so many stacked frames."""
    if num_frames < MIN_FRAMES:
        raise BadInput(
            "TOO_SHORT", f"{name} has {num_frames} frames of 20 ms and at least {MIN_FRAMES} are needed: leave it out"
        )
    if num_frames > MAX_FRAMES:
        raise BadInput(
            "TOO_LONG", f"{name} has {num_frames} frames of 20 ms and at most {MAX_FRAMES} have positions: cut it"
        )


class Filterbank:
    """float32 [S] samples at RATE_HZ in -1..1 -> float32 [num_frames(S), 160], each bin of mean 0 and variance 1.

    Made from its numbers (facebook/w2v-bert-2.0, preprocessor_config.json); nothing is downloaded.
    """

    def __init__(self) -> None:
        with audio_libraries_hidden():
            from transformers import SeamlessM4TFeatureExtractor

        self._extractor: Any = SeamlessM4TFeatureExtractor(
            feature_size=NUM_BINS,
            num_mel_bins=NUM_BINS,
            sampling_rate=RATE_HZ,
            stride=STACKED,
            padding_side="right",
            padding_value=1,
            return_attention_mask=True,
        )

    def __call__(self, samples_S: Float32Array) -> Float32Array:
        """Raises ValueError for samples of less than one stacked frame."""
        length = num_frames(len(samples_S))
        if length < 1:
            raise ValueError(f"{len(samples_S)} samples are not two frames of {_FRAME}: give at least {_FRAME + _HOP}")
        made = self._extractor(samples_S, sampling_rate=RATE_HZ, return_tensors="np")
        # Of an odd number of frames the last one has been paired with padding.
        features_TC: Float32Array = np.ascontiguousarray(made["input_features"][0, :length], np.float32)
        return features_TC


@contextmanager
def audio_libraries_hidden() -> Iterator[None]:
    """Those of _NOT_NEEDED count as not installed meanwhile, as far as they are not imported yet."""
    modules: dict[str, Any] = sys.modules
    hidden = [name for name in _NOT_NEEDED if name not in modules]
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            modules.pop(name, None)
