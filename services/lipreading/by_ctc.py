"""Reading by CTC, and where a bundle has a decoder that scores texts, by what it thinks of the best of these."""

from __future__ import annotations

import numpy as np

from services.base.media.arrays import Float32Array, Float64Array, UInt8Array
from services.lipreading.bundle_files import Bundle
from services.lipreading.language_model import open_lm
from services.lipreading.network import Inputs, open_encoder, open_network
from services.lipreading.search import search_of
from services.lipreading.spec import LipreadingConfig
from services.lips.alignment import likeliest_steps
from services.lips.bundle import IDS, LENGTHS, LOG_PROBS, MEMORY, SCORES
from services.lips.decoding.greedy import greedy
from services.lips.decoding.prefix_beam import Hypothesis, prefix_beam
from services.lips.decoding.rescoring import decoder_ids, rescored
from services.lips.transcript import Transcript


class CtcReader:
    """Not for threads side by side."""

    def __init__(self, bundle: Bundle, config: LipreadingConfig) -> None:
        """Raises BadConfig as `open_network`, `open_lm` and `search_of`."""
        self._bundle, self._search = bundle, search_of(config, bundle.card)
        self._fusion = open_lm(config, bundle.characters)
        rescores = self._search.rescoring > 0
        self._encoder = open_encoder(config, bundle.card, [LOG_PROBS, MEMORY] if rescores else [LOG_PROBS])
        self._decoder = open_network(config, bundle.card, "decoder") if rescores else None

    def __call__(self, mouths_THWC: UInt8Array, name: str, cropped: bool) -> Transcript:
        """mouths_THWC: uint8 [T, height, width, 3]. name: of the clip, for messages. cropped: whether the frames were
        mouths already. Raises as `Network`.
        """
        log_probs_SK, *memory = self._encoder(mouths_THWC, name)
        card, blank = self._bundle.card, len(self._bundle.characters)
        best, score = self._best(log_probs_SK, memory[0] if memory else None, name)
        steps = likeliest_steps(log_probs_SK, best.ids, blank)
        return Transcript(
            "".join(self._bundle.characters[i] for i in best.ids),
            np.array(steps, np.float64) / (card.fps * card.steps_per_frame),
            np.exp(log_probs_SK[steps, list(best.ids)]).astype(np.float32),
            best.log_prob,
            len(mouths_THWC),
            card.fps,
            cropped,
            score,
        )

    def _best(self, log_probs_SK: Float32Array, memory_TC: Float32Array | None, name: str) -> tuple[Hypothesis, float]:
        """What is read, and the score that it was chosen by."""
        blank, search = len(self._bundle.characters), self._search
        if search.beam_width == 1:
            log_prob = float(log_probs_SK.max(axis=1).sum())
            return Hypothesis(greedy(log_probs_SK, blank), log_prob, log_prob), log_prob
        prefixes = prefix_beam(log_probs_SK, blank, search.beam_width, fusion=self._fusion)
        if memory_TC is None or self._decoder is None:
            return prefixes[0], prefixes[0].score
        ids_NL = decoder_ids(prefixes)
        lengths_1 = np.array([len(memory_TC)], np.int64)
        inputs: Inputs = {MEMORY: memory_TC[None], LENGTHS: lengths_1, IDS: ids_NL[None]}
        (scores_1N,) = self._decoder(inputs, [SCORES], name)
        of_decoder_N: Float64Array = scores_1N[0, : len(prefixes)].astype(np.float64)
        return rescored(prefixes, of_decoder_N, search.rescoring)
