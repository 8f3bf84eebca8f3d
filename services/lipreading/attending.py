"""Reading by attention: an encoder once a clip, and a step of its decoder for each character."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array
from services.lipreading.bundle_files import Bundle
from services.lipreading.network import open_session
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import (
    ATTENTION,
    DECODER_FILE,
    FRAMES,
    IDS,
    LENGTHS,
    LOG_PROBS,
    MARKS,
    MEMORY,
    MODEL_FILE,
    NEXT_STATE,
    STATE,
)
from services.lips.transcript import Transcript

_START, _END = MARKS.index("<sos>"), MARKS.index("<eos>")


class AttendingReader:
    """The likeliest character at each step, until the end. Not for threads side by side."""

    def __init__(self, bundle: Bundle, config: LipreadingConfig) -> None:
        """Raises BadConfig BUNDLE_DAMAGED, and BAD_SETTING for settings that such a bundle has no part in."""
        if config.backend != "onnxruntime" or config.lm:
            what = "a Triton server" if config.backend != "onnxruntime" else "a language model"
            raise BadConfig(
                "BAD_SETTING",
                f"{what} takes no part in reading by attention, and the bundle is of {bundle.card.recipe}: leave it "
                "out, or give a bundle of CTC",
            )
        folder = Path(config.bundle)
        self._bundle, self._encoder = bundle, open_session(folder / MODEL_FILE)
        self._decoder = open_session(folder / DECODER_FILE)
        shapes = {one.name: one.shape for one in self._decoder.get_inputs()}
        self._width = int(shapes[STATE[0]][2])

    def __call__(self, mouths_THWC: UInt8Array, cropped: bool) -> Transcript:
        """mouths_THWC: uint8 [T, height, width, 3]. cropped: whether the frames were mouths already."""
        card, characters = self._bundle.card, self._bundle.characters
        lengths_B = np.array([len(mouths_THWC)], np.int64)
        (memory_BTC,) = self._encoder.run([MEMORY], {FRAMES: mouths_THWC[None], LENGTHS: lengths_B})
        state = [np.zeros((1, 1, self._width), np.float32) for _ in STATE]
        before, total, text = _START, 0.0, ""
        frames: list[int] = []
        probs: list[float] = []
        for _ in range(card.max_ids):
            inputs = {MEMORY: memory_BTC, LENGTHS: lengths_B, IDS: np.array([before], np.int64)}
            inputs |= dict(zip(STATE, state, strict=True))
            log_probs_BV, attention_BT, *state = self._decoder.run([LOG_PROBS, ATTENTION, *NEXT_STATE], inputs)
            log_probs_V: Float32Array = log_probs_BV[0]
            before = int(log_probs_V.argmax())
            total += float(log_probs_V[before])
            if before == _END:
                break
            if before >= len(MARKS):
                text += characters[before]
                frames.append(int(attention_BT[0].argmax()))
                probs.append(float(np.exp(log_probs_V[before])))
        return Transcript(
            text,
            np.array(frames, np.float64) / card.fps,
            np.array(probs, np.float32),
            total,
            len(mouths_THWC),
            card.fps,
            cropped,
        )
