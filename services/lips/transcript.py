"""What was read in a clip: its text, and when each character was seen and how surely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.base.media.arrays import Float32Array, Float64Array


@dataclass(frozen=True)
class Transcript:
    """times_s_L: float64 [L], from the clip's first frame, of the likeliest step of each character. probs_L: float32
    [L], of the character there. log_prob: of the text, over the paths that the search has kept. num_frames: at fps.
    cropped: whether the frames were mouths already, as was said or recognised. score: by which the text was chosen:
    log_prob, and what a language model and a decoder add; None: log_prob alone.
    """

    text: str
    times_s_L: Float64Array
    probs_L: Float32Array
    log_prob: float
    num_frames: int
    fps: float
    cropped: bool = False
    score: float | None = None

    def __post_init__(self) -> None:
        if self.times_s_L.shape != (len(self.text),) or self.probs_L.shape != (len(self.text),):
            raise ValueError(
                f"{len(self.text)} characters need as many times and probabilities, not {self.times_s_L.shape} and "
                f"{self.probs_L.shape}"
            )

    def summary(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "times_s": [round(float(t), 3) for t in self.times_s_L],
            "probs": [round(float(p), 4) for p in np.asarray(self.probs_L)],
            "log_prob": round(self.log_prob, 4),
            "score": round(self.log_prob if self.score is None else self.score, 4),
            "num_frames": self.num_frames,
            "cropped": self.cropped,
        }
