"""What networks of speech have answered of one clip, as its features. Loads no library of networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from services.base.errors import BadInput
from services.base.media.features import SpeechFeatures


def features_of(
    codes_L: npt.NDArray[Any],
    condition_KD: npt.NDArray[Any],
    emotion_D: npt.NDArray[Any],
    sources: Mapping[str, str],
    name: str,
) -> SpeechFeatures:
    """name: of the clip, for messages. Raises BadInput FEATURES_NOT_FINITE."""
    if not (np.isfinite(condition_KD).all() and np.isfinite(emotion_D).all()):
        raise BadInput(
            "FEATURES_NOT_FINITE", f"{name} gives features that are no numbers: look at its sound, or take float32"
        )
    return SpeechFeatures(
        np.ascontiguousarray(codes_L, np.int32),
        np.ascontiguousarray(condition_KD, np.float32),
        np.ascontiguousarray(emotion_D, np.float32),
        dict(sources),
    )
