"""One clip of the demo corpus: a speaker says a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import UInt8Array
from services.corpus.alignment import Row
from services.corpus.audio import voice_samples
from services.corpus.drawing.frames import FPS_HZ, Actor, draw_frames
from services.corpus.drawing.mouth import MouthPose
from services.corpus.encode import NUM_SAMPLES, encode_clip
from services.corpus.sentences import NUM_FRAMES, align_sentence, stem_of
from services.corpus.visemes import Sound, mouth_track, sounds_of


@dataclass(frozen=True)
class Take:
    """What is said and when, before it is drawn. seed: names the clip, and decides all that is drawn by chance."""

    seed: str
    stem: str
    rows: tuple[Row, ...]

    @classmethod
    def of(cls, seed: int, speaker: int, words: Sequence[str]) -> Take:
        stem = stem_of(words)
        clip_seed = f"{seed}:{speaker}:{stem}"
        return cls(clip_seed, stem, tuple(align_sentence(words, clip_seed)))

    @property
    def sounds(self) -> list[Sound]:
        return sounds_of(self.rows)

    def poses(self) -> list[MouthPose]:
        """The mouth in each frame."""
        track = mouth_track(self.sounds, np.arange(NUM_FRAMES) / FPS_HZ)
        return [MouthPose(float(opening), float(width), float(rounding)) for opening, width, rounding in track]

    def frames(self, actor: Actor) -> Iterator[UInt8Array]:
        return draw_frames(actor, self.poses(), self.seed)

    def samples(self, actor: Actor) -> npt.NDArray[np.int16]:
        return voice_samples(self.sounds, actor.look.pitch_hz, NUM_SAMPLES, self.seed)

    def media(self, actor: Actor) -> bytes:
        """The encoded clip."""
        return encode_clip(self.frames(actor), self.samples(actor))
