"""Reading by attention: an encoder once a clip, and a step of its decoder for each character."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array
from services.lipreading.bundle_files import Bundle
from services.lipreading.network import Inputs, open_encoder, open_network
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import ATTENTION, IDS, LENGTHS, LOG_PROBS, MARKS, MEMORY, NEXT_STATE, STATE
from services.lips.transcript import Transcript

_START, _END = MARKS.index("<sos>"), MARKS.index("<eos>")


class AttendingReader:
    """The likeliest character at each step, until the end. Not for threads side by side."""

    def __init__(self, bundle: Bundle, config: LipreadingConfig) -> None:
        """Raises BadConfig as `open_network`, and BAD_SETTING for settings that such a bundle has no part in."""
        if config.lm:
            raise BadConfig(
                "BAD_SETTING",
                f"a language model takes no part in reading by attention, and the bundle is of {bundle.card.recipe}: "
                "leave it out, or give a bundle of CTC",
            )
        self._bundle = bundle
        self._encoder = open_encoder(config, bundle.card, [MEMORY])
        self._decoder = open_network(config, bundle.card, "decoder")

    def __call__(self, mouths_THWC: UInt8Array, name: str, cropped: bool) -> Transcript:
        """mouths_THWC: uint8 [T, height, width, 3]. name: of the clip, for messages. cropped: whether the frames were
        mouths already. Raises as `Network`.
        """
        card, characters = self._bundle.card, self._bundle.characters
        (memory_TC,) = self._encoder(mouths_THWC, name)
        clip: Inputs = {MEMORY: memory_TC[None], LENGTHS: np.array([len(memory_TC)], np.int64)}
        state = [np.zeros((1, memory_TC.shape[1]), np.float32) for _ in STATE]
        before, total, text = _START, 0.0, ""
        frames: list[int] = []
        probs: list[float] = []
        for _ in range(card.max_ids):
            inputs: dict[str, npt.NDArray[Any]] = {**clip, IDS: np.array([before], np.int64)}
            inputs |= dict(zip(STATE, state, strict=True))
            log_probs_1V, attention_1T, *state = self._decoder(inputs, [LOG_PROBS, ATTENTION, *NEXT_STATE], name)
            log_probs_V: Float32Array = log_probs_1V[0]
            before = int(log_probs_V.argmax())
            total += float(log_probs_V[before])
            if before == _END:
                break
            if before >= len(MARKS):
                text += characters[before]
                frames.append(int(attention_1T[0, : len(memory_TC)].argmax()))
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
