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
) -> SpeechFeatures:
    """In the types of features. They may be no numbers: `check_finite`."""
    return SpeechFeatures(
        np.ascontiguousarray(codes_L, np.int32),
        np.ascontiguousarray(condition_KD, np.float32),
        np.ascontiguousarray(emotion_D, np.float32),
        dict(sources),
    )


def check_finite(features: SpeechFeatures, name: str) -> None:
    """name: of the clip, for messages. Raises BadInput FEATURES_NOT_FINITE."""
    if not (np.isfinite(features.condition_KD).all() and np.isfinite(features.emo_vec_D).all()):
        raise BadInput(
            "FEATURES_NOT_FINITE",
            f"{name} gives features that are NaN or infinite: look at its sound, take --dtype float32, or, where many "
            "clips do, check the weights",
        )
